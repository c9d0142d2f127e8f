/**
 * The time of an event as a differentiable number.
 *
 * An event has been found at time τ with state y⁻, as constants of the search. To what y⁻ is made of, τ stands in the relation
 * g(y(τ), τ) = 0; so a change of y⁻ delays the event by δ, of which Newton's method gives
 *
 *   δ = −g(y⁻, τ) / ġ(y⁻, τ),   ġ = ∂g/∂y f + ∂g/∂t
 *
 * to first order, and a second step of it, from y(τ + δ) = y⁻ + δ f(y⁻ + ½ δ f(y⁻)), to second. Here g counts from where the search has left
 * it, so that δ is zero and solutions have the same bits with and without derivatives. The state goes on from y(τ + δ), and the next
 * step begins later and is shorter by δ: what the state gains or loses by that is the saltation of the derivative.
 *
 * First and second derivatives are exact, higher ones are not. Of events at one time the last sets the time. Where ġ = 0 the
 * solution grazes its guard and has no derivative: the delay counts as zero there.
 *
 * Kong, Payne, Zhu, Johnson: Saltation Matrices: The Essential Tool for Linearizing Hybrid Dynamical Systems, arXiv 2306.06862.
 */

import { lazyKernel, type Tensor } from '../../../kernel/index.ts';
import { advance, type Leaves, type Rate } from '../runge-kutta.ts';
import { afterResets, along, type Events } from './event.ts';

const delayKernel = lazyKernel(/* wgsl */ `
  var<storage, read> hit: array<f32>;
  var<storage, read> g: array<f32>;
  var<storage, read> slope: array<f32>;
  var<uniform> events: u32;
  var<storage, read_write> delay: array<f32>;
  @compute @workgroup_size(64)
  fn delayOf(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let which = u32(hit[i]);
    if (which != 0u) {
      let e = firstLeadingBit(which) * (arrayLength(&g) / events) + i;
      let by = slope[e];
      if (by != 0.0) { delay[i] = (detach(g[e]) - g[e]) / by; }
    }
  }
`);

const settleKernel = lazyKernel(/* wgsl */ `
  var<storage, read> hit: array<f32>;
  var<storage, read> delay: array<f32>;
  var<storage, read> t: array<f32>;
  var<storage, read> last: array<f32>;
  var<uniform> stops: u32;
  var<storage, read_write> kept: array<f32>;
  var<storage, read_write> lastNext: array<f32>;
  @compute @workgroup_size(64)
  fn settle(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let which = u32(hit[i]);
    if (which == 0u) {
      lastNext[i] = last[i];
    } else {
      lastNext[i] = t[i] + delay[i];
      if ((which & stops) == 0u) { kept[i] = delay[i]; }
    }
  }
`);

/** A state on its way past events. */
export interface Passing {
  readonly y: Leaves;
  /** How much later than noted the next step begins, of the form of time; zero, but for its derivatives. */
  readonly delay: Tensor;
  /** When the last event was. */
  readonly last: Tensor;
}

/** @param y After a step. @param t When it ended. @param hit The events in which it did, as sums of 2^k; 0 where there was none. */
export function pass(events: Events, rate: Rate, y: Leaves, t: Tensor, hit: Tensor, last: Tensor): Passing {
  const delayed = (y: Leaves, t: Tensor, slopes: Leaves): Tensor => {
    const { g, slope } = along(events, y, t, slopes);
    return delayKernel({ hit, g, slope, events: events.count }, { count: hit.size }).delay.reshape(t.shape);
  };
  const now = rate(y, t);
  const first = delayed(y, t, now);
  const half = first.mul(0.5);
  const near = advance(y, rate(advance(y, now, half), t.add(half)), first);
  const nearT = t.add(first);
  const then = rate(near, nearT);
  const second = delayed(near, nearT, then);
  const stops = events.resets.reduce((sum, reset, k) => sum + (reset ? 0 : 2 ** k), 0);
  const delay = first.add(second);
  const { kept, lastNext } = settleKernel({ hit, delay, t, last, stops }, { count: hit.size });
  return {
    y: afterResets(events, advance(near, then, second), t.add(delay), hit),
    delay: kept.reshape(t.shape),
    last: lastNext.reshape(t.shape),
  };
}
