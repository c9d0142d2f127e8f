/** A global Worker over Node's own, enough for a library that starts its threads from a blob. */

import { resolveObjectURL } from 'node:buffer';
import { Worker } from 'node:worker_threads';

const prelude = `const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = message => parentPort.postMessage(message);
parentPort.on('message', data => self.onmessage({ data }));
`;

class BlobWorker {
  constructor(url) {
    this.waiting = [];
    resolveObjectURL(url)
      .text()
      .then(source => {
        this.worker = new Worker(prelude + source, { eval: true });
        this.worker.unref();
        this.worker.on('message', data => this.onmessage?.({ data }));
        this.worker.on('error', error => this.onerror?.(error));
        for (const message of this.waiting) this.worker.postMessage(message);
      });
  }
  postMessage(message) {
    if (!this.worker) return void this.waiting.push(message);
    this.worker.ref();
    this.worker.postMessage(message);
  }
}

export function workers(threads) {
  const navigator = { hardwareConcurrency: threads, userAgent: 'node' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  globalThis.Worker = BlobWorker;
}
