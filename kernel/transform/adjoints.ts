/** The adjoints collected so far, by value of the original program. A branch reads its parent's and keeps its own changes. */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import type { Activity } from './activity.ts';

export class Adjoints {
  private readonly own = new Map<Value, Value>();
  private readonly active: Activity;
  private readonly parent: Adjoints | undefined;

  constructor(active: Activity, parent?: Adjoints) {
    this.active = active;
    this.parent = parent;
  }

  get(v: Value): Value | undefined {
    return this.own.get(v) ?? this.parent?.get(v);
  }

  set(v: Value, adjoint: Value): void {
    this.own.set(v, adjoint);
  }

  /** v̄ += term: the first contribution assigns, later ones add. */
  add(b: Builder, v: Value, term: Value): void {
    if (!this.active.values.has(v)) return;
    const sum = this.get(v);
    this.own.set(v, sum ? b.pure('add', [sum, term]) : term);
  }

  /** Values whose adjoints changed here, other than those in `local`. */
  outside(local: ReadonlySet<Value>): Value[] {
    return [...this.own.keys()].filter(v => !local.has(v));
  }
}
