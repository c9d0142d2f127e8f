/**
 * What an actuator's force follows from. In MuJoCo all kinds are one, with names for settings of its gains and biases: so each element in the
 * defaults of a class, then the actuator itself, changes what the ones before it have left, and what it does not mention stays.
 *
 *   position      g = (kp, ·, ·),  b = (·, −kp, −kv)           intvelocity   the same, and the activation integrates
 *   velocity      g = (kv, ·, ·),  b = (0, 0, −kv)             damper        g = (0, 0, −kv)
 *   motor         g = (1, ·, ·),   no b                        cylinder      g = (area, ·, ·), and the activation is filtered
 *
 *   kv = 2 ζ √(kp m)        of a damping ratio ζ;  m: inertia seen at q⁰, Σ M_dd / (∂l/∂q_d)²       (1)
 */

import type { ActuatorSpec } from '../actuators/actuator.ts';
import type { ActuatorDynamics } from '../parts.ts';
import type { Element } from '../xml.ts';

export type ActuatorElement = 'general' | 'motor' | 'position' | 'velocity' | 'intvelocity' | 'damper' | 'cylinder';
export const actuatorElements: readonly ActuatorElement[] = [
  ...(['general', 'motor', 'position', 'velocity', 'intvelocity', 'damper', 'cylinder'] as const),
];

interface State {
  gain: number[];
  /** The last, −kv, is a damping ratio where it is above 0 and the first gain is minus the second of these. */
  bias: number[];
  isGainAffine: boolean;
  isBiasAffine: boolean;
  dynamics: ActuatorDynamics;
  timeConstant: number;
}

interface Given {
  readonly tell: (what: string) => void;
  /** m of (1); of sites and spatial tendons none. */
  readonly inertia: number | undefined;
}

/** The law of an actuator. @param elements Defaults, in order, then its own. */
export function lawOf(
  kind: ActuatorElement,
  elements: readonly Element[],
  { tell, inertia }: Given,
): Pick<ActuatorSpec, 'kind' | 'kp' | 'kv' | 'gain' | 'bias' | 'dynamics' | 'timeConstant'> {
  const state: State = {
    ...{ gain: [1, 0, 0], bias: [0, 0, 0], isGainAffine: false, isBiasAffine: false },
    ...{ dynamics: 'none', timeConstant: 1 },
  };
  for (const element of elements) {
    const of = actuatorElements.find(name => name === element.name);
    if (of) change[of](state, element, tell);
  }
  const { gain, bias, dynamics, timeConstant } = state;
  if (state.isBiasAffine && !state.isGainAffine && bias[2] > 0 && gain[0] === -bias[1]) {
    if (inertia === undefined) tell(`dampratio of a <${kind}> that is not at a joint or a fixed tendon`);
    bias[2] = -2 * bias[2] * Math.sqrt(gain[0] * (inertia ?? 0)); // (1)
  }
  const [first, ...follows] = gain;
  const known = (k: number): number => (state.isBiasAffine ? bias[k] : 0);
  const moving = dynamics === 'none' ? {} : { dynamics, timeConstant: Math.max(timeConstant, 1e-15) };
  const isServo = !state.isGainAffine && known(0) === 0;
  if (kind === 'position' && isServo && dynamics !== 'integrator' && dynamics !== 'filter')
    return { kind, kp: first, kv: -known(2), ...moving };
  if (kind === 'intvelocity' && isServo) return { kind, kp: first, kv: -known(2) };
  if (kind === 'velocity' && isServo && dynamics === 'none') return { kind, kv: first };
  if (kind === 'damper' && dynamics === 'none') return { kind, kv: -gain[2] };
  if (kind === 'motor') return { kind };
  return {
    kind: 'general',
    gain: state.isGainAffine ? [first, follows[0], follows[1]] : [first, 0, 0],
    bias: [known(0), known(1), known(2)],
    ...moving,
  };
}

const over = (now: readonly number[], given: readonly number[] | undefined): number[] =>
  now.map((x, k) => given?.[k] ?? x);

function servo(state: State, element: Element): void {
  const [ratio, kv] = [element.number('dampratio'), element.number('kv')];
  if (ratio !== undefined && kv !== undefined)
    element.fail(`<${element.name}> has kv and dampratio; give one of them.`);
  const kp = element.number('kp') ?? state.gain[0];
  state.gain = [kp, ...state.gain.slice(1)];
  state.bias = [state.bias[0], -kp, ratio ?? (kv === undefined ? state.bias[2] : -kv)];
  state.isGainAffine = false;
  state.isBiasAffine = true;
}

const change: Readonly<Record<ActuatorElement, (state: State, element: Element, tell: Given['tell']) => void>> = {
  motor(state) {
    Object.assign(state, { gain: [1, 0, 0], isGainAffine: false, isBiasAffine: false, dynamics: 'none' });
  },
  position(state, element) {
    servo(state, element);
    const T = element.number('timeconst');
    if (T !== undefined) Object.assign(state, { timeConstant: T, dynamics: T > 0 ? 'exactFilter' : 'none' });
  },
  intvelocity(state, element) {
    servo(state, element);
    state.dynamics = 'integrator';
  },
  velocity(state, element) {
    const kv = speedGain(element) ?? state.gain[0];
    Object.assign(state, { gain: [kv, ...state.gain.slice(1)], bias: [0, 0, -kv] });
    Object.assign(state, { isGainAffine: false, isBiasAffine: true, dynamics: 'none' });
  },
  damper(state, element) {
    const kv = speedGain(element);
    Object.assign(state, { gain: [0, 0, kv === undefined ? 0 : -kv], isGainAffine: true, isBiasAffine: false });
    state.dynamics = 'none';
  },
  cylinder(state, element) {
    const d = element.number('diameter');
    const area = d === undefined ? element.number('area') : (Math.PI / 4) * d * d;
    state.gain = over(state.gain, area === undefined ? undefined : [area]);
    state.bias = over(state.bias, element.numbers('bias', [0, 3]));
    state.timeConstant = element.number('timeconst') ?? state.timeConstant;
    Object.assign(state, { isGainAffine: false, isBiasAffine: true, dynamics: 'filter' });
  },
  general(state, element, tell) {
    const word = (name: string, words: readonly string[]): string | undefined => {
      const given = element.has(name)
        ? element.word(name, [...words, 'muscle', 'user', 'dcmotor'], words[0])
        : undefined;
      if (given !== undefined && !words.includes(given)) tell(`${name}="${given}" of <general>`);
      return given;
    };
    const gain = word('gaintype', ['fixed', 'affine']);
    const bias = word('biastype', ['none', 'affine']);
    const dynamics = word('dyntype', ['none', 'integrator', 'filter', 'filterexact']);
    if ((element.number('actdim') ?? -1) > 1) tell('actdim of <general>');
    state.gain = over(state.gain, element.numbers('gainprm', [0, 10]));
    state.bias = over(state.bias, element.numbers('biasprm', [0, 10]));
    state.timeConstant = element.numbers('dynprm', [0, 10])?.[0] ?? state.timeConstant;
    if (gain !== undefined) state.isGainAffine = gain === 'affine';
    if (bias !== undefined) state.isBiasAffine = bias === 'affine';
    if (dynamics !== undefined)
      state.dynamics = dynamics === 'filterexact' ? 'exactFilter' : (dynamics as ActuatorDynamics);
  },
};

function speedGain(element: Element): number | undefined {
  const kv = element.number('kv');
  if (kv !== undefined && kv < 0) element.fail(`kv of <${element.name}> is ${kv}; it must be from 0.`);
  return kv;
}
