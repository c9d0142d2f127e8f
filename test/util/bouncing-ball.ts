// A ball over a floor as a system that flows and jumps, many of them side by side.

import { type HybridRollout, type HybridStep, hybrid, hybridRollout } from 'retrograde/events';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { cpu64 } from './devices.ts';

export const ballText: string = /* wgsl */ `
  struct State { y: f32, v: f32 }
  struct Params { g: f32, e: f32, floor: f32 }
  fn flow(s: State, p: Params, dt: f32) -> State {
    return State(s.y + dt * s.v - 0.5 * dt * dt * p.g, s.v - dt * p.g);
  }
  fn floorGap(s: State, p: Params) -> vec2f { return vec2f(s.y - p.floor, s.v); }
  fn floorJump(s: State, p: Params) -> State { return State(s.y, -p.e * s.v); }
`;
export const ball: HybridStep = hybrid(ballText, { guards: ['floor'] });
export interface Drop {
  readonly y: Tensor;
  readonly v: Tensor;
  readonly g: Tensor;
  readonly e: Tensor;
  readonly floor: Tensor;
}
export const drop = (y: number, v: number, g: number, e: number, floor = 0, device: Device = cpu64): Drop => {
  const on = (x: number) => tensor([x], undefined, { device });
  return { y: on(y), v: on(v), g: on(g), e: on(e), floor: on(floor) };
};
export const fly = ({ y, v, ...params }: Drop, t1: number, steps: number): HybridRollout<Pick<Drop, 'y' | 'v'>> =>
  hybridRollout(ball, { y, v }, params, { dt: t1 / steps, steps });
