/** What jax-js's cold start runs. */

import { coldStart } from '../cold-start.ts';

const script = `
const { grad, jit, numpy: np } = await import('@jax-js/jax');
const by = jit(grad(x => np.sin(x.ref).mul(x.ref).add(np.exp(x.ref.mul(x).neg())).sum()));
const gradient = await by(np.array([1, 2, 3])).data();`;

export const families = { small: { coldStart: () => coldStart(`${process.cwd()}/bench/peers`, script) } };
