/** WGSL functions that kernels call: conversions that saturate, and whole powers. Those of ir/math: emit-function.ts. */

const helpers: Readonly<Record<string, string>> = {
  // WGSL clamps to the largest f32 below 2³¹; the IR, as WebAssembly, to the largest integer. NaN gives 0.
  toI32: `fn toI32(x: f32) -> i32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0; }
  return select(i32(x), 2147483647, x >= 2147483648f);
}`,
  toU32: `fn toU32(x: f32) -> u32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0u; }
  return select(u32(x), 4294967295u, x >= 4294967296f);
}`,
};

/** xⁿ by multiplication, n a constant from −16 to 16. */
function wholePower(n: number): string {
  const lines = ['var r = 1f;', 'var p = x;'];
  for (let left = Math.abs(n); left > 0; left >>= 1) {
    if (left & 1) lines.push('r = r * p;');
    if (left > 1) lines.push('p = p * p;');
  }
  return `fn ${wholePowerName(n)}(x: f32) -> f32 { ${lines.join(' ')} return ${n < 0 ? '1f / r' : 'r'}; }`;
}
const wholePowerPattern = /^(power|inversePower)(\d+)$/;
export const wholePowerName = (n: number): string => `${n < 0 ? 'inversePower' : 'power'}${Math.abs(n)}`;
export const hasWholePower = (n: number): boolean => Number.isInteger(n) && Math.abs(n) <= 16;

function textOf(name: string): string {
  const [, kind, n] = wholePowerPattern.exec(name) ?? [];
  return kind === undefined ? helpers[name] : wholePower(kind === 'power' ? Number(n) : -Number(n));
}

/** The text of the named functions. */
export const mathFunctions = (names: ReadonlySet<string>): string[] => [...names].map(textOf);
