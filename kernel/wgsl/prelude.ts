/**
 * Functions of ours that a kernel may call as if they were built in. Each is WGSL, appended to the text of a kernel that
 * names it and does not declare it; so no offset of the user's text changes.
 *
 * philox4x32: counter-based random bits, Philox4x32-10. Salmon, Moraes, Dror & Shaw: Parallel random numbers: as easy as
 * 1, 2, 3, SC 2011, doi:10.1145/2063384.2063405. Equal counter and key give equal bits, on every backend.
 */

interface PreludeFunction {
  readonly text: string;
  readonly needs: readonly string[];
}

const functions: Readonly<Record<string, PreludeFunction>> = {
  philox4x32: {
    needs: [],
    text: /* wgsl */ `
fn philox4x32_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let m = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let n = (a & 0xffffu) * (b >> 16u) + (m & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (m >> 16u) + (n >> 16u);
}
fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high0 = philox4x32_high(0xd2511f53u, c.x);
    let high1 = philox4x32_high(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
`,
  },
  // The 24 high bits: every value is an f32, and 1 is never reached.
  uniform01: {
    needs: [],
    text: /* wgsl */ `
fn uniform01(bits: u32) -> f32 { return f32(bits >> 8u) * 0x1p-24; }
`,
  },
  // Box–Muller; 1 − u is in (0, 1], so the logarithm is finite.
  normal2: {
    needs: ['uniform01'],
    text: /* wgsl */ `
fn normal2(bits: vec2u) -> vec2f {
  let radius = sqrt(-2.0 * log(1.0 - uniform01(bits.x)));
  let angle = 6.283185307179586 * uniform01(bits.y);
  return radius * vec2f(cos(angle), sin(angle));
}
`,
  },
};

export const preludeNames: readonly string[] = Object.keys(functions);

/** Text to append, given the names the kernel uses and those it declares. */
export function prelude(uses: (name: string) => boolean, declares: (name: string) => boolean): string {
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (declares(name) || needed.has(name)) return;
    for (const other of functions[name]?.needs ?? []) need(other);
    needed.add(name);
  };
  preludeNames.filter(uses).forEach(need);
  return [...needed].map(name => functions[name]?.text ?? '').join('');
}
