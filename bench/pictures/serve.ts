/** The bench of pictures through the public interface: a picture, and with its gradient. */

import { valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor } from 'retrograde/kernel';
import { pictureCases } from './cases.ts';

export interface PictureTimes {
  /** Least times, ms, and processor time of all threads at its least. */
  readonly forward: number;
  readonly both: number;
  readonly forwardCpu: number;
  readonly bothCpu: number;
}

export async function servePicture(name: string, threads: number): Promise<PictureTimes> {
  const on = await device({ kind: 'cpu', threads });
  const { draw, at } = pictureCases[name]();
  const gradient = valueAndGrad((parts: typeof at) => draw(parts).square().sum());
  const least = async (run: () => readonly Tensor[]): Promise<readonly [ms: number, cpuMs: number]> => {
    let [best, bestCpu] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const begin = performance.now();
    for (let k = 0; k < 5 || (k < 60 && performance.now() - begin < 1500); k++) {
      const [start, cpu] = [performance.now(), process.cpuUsage()];
      const made = run();
      await on.finish();
      best = Math.min(best, performance.now() - start);
      const { user, system } = process.cpuUsage(cpu);
      bestCpu = Math.min(bestCpu, (user + system) / 1000);
      for (const tensor of made) tensor.dispose();
      await new Promise(resolve => setImmediate(resolve)); // for what is collected
    }
    return [best, bestCpu];
  };
  const [forward, forwardCpu] = await least(() => [draw(at)]);
  const [both, bothCpu] = await least(() => {
    const { value, grad } = gradient(at);
    return [value, ...(Object.values(grad) as Tensor[])];
  });
  return { forward, both, forwardCpu, bothCpu };
}
