/**
 * Whether vectors pay. What loops do counts: a load of words anywhere costs each lane a load and an insertion, arithmetic costs all
 * lanes together what it costs one, and where each lane runs a loop a number of times of its own, some wait for others.
 *
 * Costs are in scalar instructions, fitted to what sparse products, neighbour lists, springs and Mandelbrot's set took both ways, in both
 * precisions.
 */

import { type Block, type Inst, operandsOf, type Program } from '../../../ir/ir.ts';
import { contains } from '../../../ir/traverse.ts';
import { accessOf } from './access.ts';
import { level } from './form.ts';
import type { Rates } from './rates.ts';

interface Cost {
  /** Of one round for all lanes; of one invocation. */
  readonly wide: number;
  readonly narrow: number;
}

/** Rounds of a loop, against code that runs once. */
const rounds = 8;
/** Vectors run as many rounds as their slowest lane. */
const waiting = 1.1;
const maskedRound = 4;
const round = 3;
/** One lane of a load anywhere: its address is taken out of a vector, its word put into one. */
const gatheredLane = 9;
const checkedLoad = 3;
/** Elements of up to four words are loaded at once by four lanes, and transposed. */
const transposed = 10;
const slow = 4;

/** Whether invocations one by one are faster than vectors of so many lanes. */
export function isNarrow(program: Program, rates: Rates, lanes: number): boolean {
  const diverges = (inst: Inst) => inst.kind === 'while' && rates.levelOf(inst.cond.yields[0]) === level.lanes;
  if (!contains(program.body, diverges)) return false;
  const { wide, narrow } = costOf(program.body, rates, lanes);
  return lanes * narrow < wide;
}

function costOf(block: Block, rates: Rates, lanes: number): Cost {
  let [wide, narrow] = [0, 0];
  const seen = new Set<string>();
  const add = (cost: Cost, times = 1) => {
    wide += cost.wide * times;
    narrow += cost.narrow * times;
  };
  for (const inst of block.body)
    if (inst.kind === 'if') for (const side of [inst.then, inst.else]) add(costOf(side, rates, lanes));
    else if (inst.kind === 'while') {
      const masked = rates.levelOf(inst.cond.yields[0]) === level.lanes;
      const inner = [inst.cond, inst.body].map(each => costOf(each, rates, lanes));
      const each = inner[0].wide + inner[1].wide + (masked ? maskedRound : round);
      wide += rounds * (masked ? waiting * each : each);
      narrow += rounds * (inner[0].narrow + inner[1].narrow + round);
    } else add(own(inst, rates, lanes, seen));
  return { wide, narrow };
}

/** @param seen Elements loaded so far, words of which come along. */
function own(inst: Inst, rates: Rates, lanes: number, seen: Set<string>): Cost {
  if ('result' in inst && rates.levelOf(inst.result) <= level.segment) return { wide: 0, narrow: 0 };
  const varies = 'result' in inst ? rates.levelOf(inst.result) === level.lanes : true;
  switch (inst.kind) {
    case 'const':
    case 'builtin':
    case 'length':
      return { wide: 0, narrow: 0 };
    case 'pure': {
      const cost = inst.op === 'div' || inst.op === 'rem' || inst.op === 'sqrt' ? slow : 1;
      return { wide: cost, narrow: cost };
    }
    case 'load':
    case 'store': {
      const regular = !varies || rates.sweepOf(inst) || accessOf(inst, rates, false).kind !== 'any';
      if (regular) return { wide: 1, narrow: checkedLoad };
      const element = `${inst.kind} ${inst.buffer} ${inst.stride} ${inst.index.id}`;
      const together = inst.stride > 1 && lanes === 4;
      if (together && seen.has(element)) return { wide: 0, narrow: 1 };
      seen.add(element);
      return { wide: gatheredLane * lanes + (together ? transposed : 0), narrow: checkedLoad };
    }
    default:
      return {
        wide: operandsOf(inst).some(v => rates.levelOf(v) === level.lanes) ? gatheredLane * lanes : 1,
        narrow: 3,
      };
  }
}
