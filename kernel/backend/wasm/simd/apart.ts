/**
 * Code that becomes a function of its own, and goes on with local variables of the function that calls it: each of those that it
 * mentions is a parameter, in the order met. Compilers then have the registers for this code alone.
 */

import { Code, type Func, type ValType } from '../encode.ts';
import { Locals } from '../locals.ts';

/** Numbers of its own variables, until it is known how many parameters there are. */
const ownFrom = 2 ** 20;

export class Apart extends Code {
  readonly locals: Locals = new Locals(ownFrom);
  /** Blocks that are open. */
  depth = 0;
  /** The caller's variables. */
  readonly taken: number[] = [];
  private readonly mentions: { readonly at: number; readonly local: number }[] = [];

  private mention(instruction: number, local: number): void {
    if (local < ownFrom && !this.taken.includes(local)) this.taken.push(local);
    this.byte(instruction);
    this.mentions.push({ at: this.leave(), local });
  }
  override get(local: number): void {
    this.mention(0x20, local);
  }
  override set(local: number): void {
    this.mention(0x21, local);
  }
  override tee(local: number): void {
    this.mention(0x22, local);
  }

  override block(): void {
    this.depth++;
    super.block();
  }
  override loop(): void {
    this.depth++;
    super.loop();
  }
  override if(result?: number): void {
    this.depth++;
    super.if(result);
  }
  override end(): void {
    this.depth--;
    super.end();
  }

  /** @param typeOf A variable of the caller. */
  asFunction(name: string, typeOf: (local: number) => ValType, results: readonly ValType[]): Func {
    const { taken, locals } = this;
    for (const { at, local } of this.mentions)
      this.putLater(at, local < ownFrom ? taken.indexOf(local) : taken.length + local - ownFrom);
    return { name, params: taken.map(typeOf), results, locals: locals.types, code: this };
  }
}
