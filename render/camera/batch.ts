/** What the images of a batch are drawn from: rows, those of one image after those of the other. */

import { lazyKernel, sortBy, type Tensor } from '../../kernel/index.ts';

const imageNumbers = lazyKernel(/* wgsl */ `
  var<uniform> rows: u32;
  var<storage, read_write> image: array<u32>;
  @compute @workgroup_size(64)
  fn imageNumbers(@builtin(global_invocation_id) id: vec3u) { image[id.x] = id.x / rows; }
`);

/** Rows that all images share, or each has its own of. @param rank Dimensions of one image's. @returns [B n, ..]; without a batch as they are. */
export function inEach(x: Tensor, batch: number | undefined, rank: number = x.shape.length): Tensor {
  if (batch === undefined) return x;
  const shape = x.shape.slice(-rank);
  return x.broadcastTo([batch, ...shape]).reshape([batch * shape[0], ...shape.slice(1)]);
}

/**
 * From front to back: rows in the order of their depths, image by image.
 *
 * @param depth [images rows]; equal depths stay in order.
 * @param values Tensors of as many rows. Differentiable.
 */
export function byDepth(depth: Tensor, images: number, values: readonly Tensor[]): readonly Tensor[] {
  if (images === 1) return sortBy(depth, values).slice(1);
  const { image } = imageNumbers({ rows: depth.size / images }, { count: depth.size, device: depth.device });
  const [, whose, ...nearest] = sortBy(depth, [image, ...values]);
  return sortBy(whose, nearest).slice(1); // stable: within an image depths stay in order
}
