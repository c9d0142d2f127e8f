/**
 * Offline optimal checkpointing.
 *
 *   t(l, s) = r l − β(s + 1, r − 1),   β(s, r) = (s + r)! / (s! r!),   β(s, r − 1) < l ≤ β(s, r)          (1)
 *
 * is the least number of steps run ahead (not counting the l recorded ones that are reversed) to reverse l steps with s
 * checkpoints, the initial state being the first of these.
 * Griewank & Walther: Algorithm 799: revolve, ACM TOMS 26 (2000), doi:10.1145/347837.347846.
 */

export type Action =
  /** Run steps from … to - 1, recording nothing. */
  | { readonly kind: 'advance'; readonly from: number; readonly to: number }
  /** Keep the current state, that before `step`, in a slot. */
  | { readonly kind: 'store'; readonly slot: number; readonly step: number }
  /** Make the state kept in a slot, that before `step`, the current one. */
  | { readonly kind: 'restore'; readonly slot: number; readonly step: number }
  /** Run `step`, recorded, and reverse it. */
  | { readonly kind: 'turn'; readonly step: number };

/** (1): steps advanced when reversing `steps` with `slots` checkpoints. */
export function advances(steps: number, slots: number): number {
  const { reps, range } = binomial(steps, slots);
  return reps * steps - (range * reps) / (slots + 1);
}

/** Smallest r with β(slots, r) ≥ steps, and that β. */
function binomial(steps: number, slots: number): { reps: number; range: number } {
  let reps = 0;
  let range = 1;
  while (range < steps) {
    reps += 1;
    range = (range * (reps + slots)) / reps;
  }
  return { reps, range };
}

/** Where to put the next checkpoint between `from` and `to`, with `slots` of them left, this one included. */
function split(from: number, to: number, slots: number): number {
  const { reps, range } = binomial(to - from, slots);
  const b1 = (range * reps) / (slots + reps); // β(s, r − 1)
  const b2 = slots > 1 ? (b1 * slots) / (slots + reps - 1) : 1; // β(s − 1, r − 1)
  const b3 = slots === 1 ? 0 : slots > 2 ? (b2 * (slots - 1)) / (slots + reps - 2) : 1; // β(s − 2, r − 1)
  const b4 = (b2 * (reps - 1)) / slots; // β(s, r − 2)
  const b5 = slots < 3 ? 0 : slots > 3 ? (b3 * (slots - 2)) / reps : 1; // β(s − 3, r)
  const length = to - from;
  const next = length <= b1 + b3 ? from + b4 : length >= range - b5 ? from + b1 : to - b2 - b3;
  return next === from ? from + 1 : next;
}

/** The schedule, action by action: advances and stores up to the first turn are the forward sweep. */
export function* revolve(steps: number, slots: number): Generator<Action, void, undefined> {
  if (steps < 1) return;
  const held: number[] = []; // held[slot] = step whose state is kept
  let from = 0;
  let to = steps;
  for (;;) {
    const top = held.length - 1;
    if (to - from > 1) {
      if (top < 0 || held[top] !== from) {
        held.push(from);
        yield { kind: 'store', slot: held.length - 1, step: from };
      } else {
        const next = split(from, to, slots - top);
        yield { kind: 'advance', from, to: next };
        from = next;
      }
    } else if (to - from === 1) {
      to -= 1;
      if (top >= 0 && held[top] === from) held.pop();
      yield { kind: 'turn', step: to };
    } else {
      if (top < 0) return;
      from = held[top];
      yield { kind: 'restore', slot: top, step: from };
    }
  }
}
