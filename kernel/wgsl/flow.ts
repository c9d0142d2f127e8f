/** How control may leave a statement (WGSL §9.7, statement behaviour): on to the next one, or by break, continue, return. */

export interface Flow {
  readonly next: boolean;
  readonly break: boolean;
  readonly continue: boolean;
  readonly return: boolean;
}

const none: Flow = { next: false, break: false, continue: false, return: false };
export const onwards: Flow = { ...none, next: true };
export const breaks: Flow = { ...none, break: true };
export const continues: Flow = { ...none, continue: true };
export const returns: Flow = { ...none, return: true };

/** One or the other. */
export const either = (a: Flow, b: Flow): Flow => ({
  next: a.next || b.next,
  break: a.break || b.break,
  continue: a.continue || b.continue,
  return: a.return || b.return,
});

/** One, then the other, if control gets there. */
export const sequence = (a: Flow, b: Flow): Flow => (a.next ? { ...either(a, b), next: b.next } : a);

/** A loop is left by break (or a condition, `exits`) and by return. */
export const looped = (body: Flow, exits: boolean): Flow => ({
  ...none,
  next: exits || body.break,
  return: body.return,
});

/** A switch is left by break too. */
export const switched = (cases: Flow): Flow => ({ ...cases, next: cases.next || cases.break, break: false });
