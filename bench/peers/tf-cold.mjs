/** What TensorFlow.js's cold start runs. */

import { coldStart } from '../cold-start.ts';

const script = `
const union = await import('@tensorflow/tfjs');
await import('@tensorflow/tfjs-backend-wasm');
const tf = union.default ?? union;
await tf.setBackend('wasm');
const by = tf.grad(x => tf.sum(tf.add(tf.mul(tf.sin(x), x), tf.exp(tf.neg(tf.mul(x, x))))));
const gradient = await by(tf.tensor1d([1, 2, 3])).data();`;

export const families = { small: { coldStart: () => coldStart(`${process.cwd()}/bench/peers`, script) } };
