/**
 * WGSL functions for operations whose built-in is undefined, or too coarse to differentiate, somewhere in its domain.
 *
 * WGSL allows sin and cos an absolute error of 2⁻¹¹, atan 4096 ulp, asin and acos 6.8e-5; sinh, tanh and asinh may cancel near 0;
 * pow is exp2(y log2 x), so undefined for x < 0; x % y is wrong by one y where x / y rounds across an integer.
 * The polynomials are those of S. L. Moshier's Cephes library (single precision), within 2–3 ulp.
 * sin and cos reduce by π/2 in three parts (Cody & Waite) up to 1e4, beyond by the digits of 2/π (Payne & Hanek): error 3e-7.
 * Only comparisons and bit patterns test for special values: an implementation may assume that NaN does not occur.
 */

interface Helper {
  readonly uses?: readonly string[];
  readonly text: string;
}

const PI = '3.14159265358979f';
const HALF_PI = '1.57079632679490f';

const helpers: Readonly<Record<string, Helper>> = {
  // (r, q) with |x| = (q + 4k) π/2 + r, for |x| > 2^13. With |x| = m 2^e the bits of 2/π above 2^(1 − e) make whole turns:
  // m times the 96 bits from there on is the angle in units of 2⁻⁹⁴ quarter turns, modulo 4.
  reduceFar: {
    text: `fn wideProduct(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let mid = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let cross = (a & 0xffffu) * (b >> 16u) + (mid & 0xffffu);
  return vec2u((cross << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (mid >> 16u) + (cross >> 16u));
}
fn reduceFar(x: f32) -> vec2f {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  let mantissa = (bits & 0x7fffffu) | 0x800000u;
  let start = (bits >> 23u) - 120u;
  // The four words from start / 32 on, of 2/π after 32 zeros, without an array, which software drivers compile slowly.
  let by4 = (start & 128u) != 0u;
  let a = select(vec4u(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u), vec4u(0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu), by4);
  let b = select(vec4u(0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu), vec4u(0xdebbc561u, 0u, 0u, 0u), by4);
  let by2 = (start & 64u) != 0u;
  let c = select(a, vec4u(a.zw, b.xy), by2);
  let d = select(c, vec4u(c.yzw, select(b.x, b.z, by2)), (start & 32u) != 0u);
  let up = start & 31u;
  let w = (d.xyz << vec3u(up)) | ((d.yzw >> vec3u(1u)) >> vec3u(31u - up));
  let p1 = wideProduct(mantissa, w.y);
  let low = p1.x + wideProduct(mantissa, w.z).y;
  let high = mantissa * w.x + p1.y + select(0u, 1u, low < p1.x);
  // To the nearest quarter turn: a signed rest.
  let q = (high + 0x20000000u) >> 30u;
  let rest = bitcast<i32>((high << 2u) | (low >> 30u));
  let r = (f32(rest) * 2.3283064365386963e-10f + f32(low & 0x3fffffffu) * 2.168404344971009e-19f) * ${HALF_PI};
  return vec2f(select(r, bitcast<f32>(0x7fc00000u | launch.zero), bits >= 0x7f800000u), f32(q & 3u));
}`,
  },
  // sin(x + turn π/2): r = x − n π/2 in [−π/4, π/4], n the nearest whole number.
  sineOfTurn: {
    uses: ['reduceFar'],
    text: `fn sineOfTurn(x: f32, turn: u32) -> f32 {
  let n = round(x * 0.636619772367581f);
  var r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188216e-8f;
  var q = bitcast<u32>(i32(n));
  if (abs(x) > 1e4f) {
    let far = reduceFar(x);
    r = select(far.x, -far.x, x < 0f);
    q = select(u32(far.y), 4u - u32(far.y), x < 0f);
  }
  q = (q + turn) & 3u;
  let z = r * r;
  let s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
  let c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1f;
  return select(1f, -1f, q >= 2u) * select(s, c, (q & 1u) == 1u);
}`,
  },
  sine: { uses: ['sineOfTurn'], text: 'fn sine(x: f32) -> f32 { return sineOfTurn(x, 0u); }' },
  cosine: { uses: ['sineOfTurn'], text: 'fn cosine(x: f32) -> f32 { return sineOfTurn(x, 1u); }' },
  tangent: {
    uses: ['sineOfTurn'],
    text: 'fn tangent(x: f32) -> f32 { return sineOfTurn(x, 0u) / sineOfTurn(x, 1u); }',
  },
  arcSine: {
    text: `fn arcSine(x: f32) -> f32 {
  let a = abs(x);
  let far = a > 0.5f;
  let z = select(a * a, 0.5f * (1f - a), far);
  let t = select(a, sqrt(z), far);
  let p = ((((4.2163199048e-2f * z + 2.4181311049e-2f) * z + 4.5470025998e-2f) * z + 7.4953002686e-2f) * z
    + 1.6666752422e-1f) * z * t + t;
  return select(1f, -1f, x < 0f) * select(p, ${HALF_PI} - 2f * p, far);
}`,
  },
  arcCosine: {
    uses: ['arcSine'],
    text: `fn arcCosine(x: f32) -> f32 {
  if (abs(x) <= 0.5f) { return ${HALF_PI} - arcSine(x); }
  let p = 2f * arcSine(sqrt(0.5f * (1f - abs(x))));
  return select(p, ${PI} - p, x < 0f);
}`,
  },
  // x in [0, 1]
  arcTangentOfRatio: {
    text: `fn arcTangentOfRatio(x: f32) -> f32 {
  let far = x > 0.414213562373095f;
  let t = select(x, (x - 1f) / (x + 1f), far);
  let z = t * t;
  let p = (((8.05374449538e-2f * z - 1.38776856032e-1f) * z + 1.99777106478e-1f) * z - 3.33329491539e-1f) * z * t + t;
  return select(p, 0.785398163397448f + p, far);
}`,
  },
  arcTangent: {
    uses: ['arcTangentOfRatio'],
    text: `fn arcTangent(x: f32) -> f32 {
  let a = abs(x);
  let p = select(arcTangentOfRatio(a), ${HALF_PI} - arcTangentOfRatio(1f / max(a, 1f)), a > 1f);
  return select(p, -p, x < 0f);
}`,
  },
  arcTangent2: {
    uses: ['arcTangentOfRatio'],
    text: `fn arcTangent2(y: f32, x: f32) -> f32 {
  let top = max(abs(x), abs(y));
  if (top == 0f) { return select(0f, ${PI}, (bitcast<u32>(x) >> 31u) == 1u); }
  // A quotient of two very small numbers would be flushed, of two very large ones overflow.
  let scale = select(select(1f, 1.52587890625e-5f, top > 1e30f), 1.329227995784916e36f, top < 1e-30f);
  let a = abs(y) * scale;
  let b = abs(x) * scale;
  let p = arcTangentOfRatio(min(a, b) / max(a, b));
  let q = select(p, ${HALF_PI} - p, a > b);
  let r = select(q, ${PI} - q, x < 0f);
  return select(r, -r, y < 0f);
}`,
  },
  hyperbolicSine: {
    text: `fn hyperbolicSine(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  if (a <= 1f) { return ((2.03721912945e-4f * z + 8.33028376239e-3f) * z + 1.66667160211e-1f) * z * x + x; }
  let h = exp(select(a, 0.5f * a, a > 80f));
  let p = select(0.5f * h - 0.5f / h, 0.5f * h * h, a > 80f);
  return select(p, -p, x < 0f);
}`,
  },
  hyperbolicCosine: {
    text: `fn hyperbolicCosine(x: f32) -> f32 {
  let a = abs(x);
  let h = exp(select(a, 0.5f * a, a > 80f));
  return select(0.5f * h + 0.5f / h, 0.5f * h * h, a > 80f);
}`,
  },
  hyperbolicTangent: {
    text: `fn hyperbolicTangent(x: f32) -> f32 {
  let z = x * x;
  let a = min(abs(x), 10f);
  if (a < 0.625f) {
    return ((((-5.70498872745e-3f * z + 2.06390887954e-2f) * z - 5.37397155531e-2f) * z + 1.33314422036e-1f) * z
      - 3.33332819422e-1f) * z * x + x;
  }
  let p = 1f - 2f / (exp(2f * a) + 1f);
  return select(p, -p, x < 0f);
}`,
  },
  areaSine: {
    text: `fn areaSine(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  if (a < 0.5f) {
    return (((2.0122003309e-2f * z - 4.2699340972e-2f) * z + 7.4847586088e-2f) * z - 1.6666288134e-1f) * z * x + x;
  }
  let large = a > 1e8f;
  let b = min(a, 1e8f);
  let p = select(log(b + sqrt(b * b + 1f)), log(a) + 0.693147180559945f, large);
  return select(p, -p, x < 0f);
}`,
  },
  areaCosine: {
    text: `fn areaCosine(x: f32) -> f32 {
  let z = x - 1f;
  if (z < 0.5f) {
    return ((((1.7596881071e-3f * z - 7.5272886713e-3f) * z + 2.6454905019e-2f) * z - 1.1784741703e-1f) * z
      + 1.4142135263e0f) * sqrt(z);
  }
  let b = min(x, 1e8f);
  return select(log(b + sqrt((b - 1f) * (b + 1f))), log(x) + 0.693147180559945f, x > 1e8f);
}`,
  },
  areaTangent: {
    text: `fn areaTangent(x: f32) -> f32 {
  let z = x * x;
  if (abs(x) < 0.5f) {
    return ((((1.81740078349e-1f * z + 8.24370301058e-2f) * z + 1.46691431730e-1f) * z + 1.99782164500e-1f) * z
      + 3.33337300303e-1f) * z * x + x;
  }
  return 0.5f * log((1f + x) / (1f - x));
}`,
  },
  // A negative base has a power only if the exponent is whole; 0 and 1 are exact.
  power: {
    text: `fn power(x: f32, y: f32) -> f32 {
  let a = abs(x);
  let infinity = bitcast<f32>(0x7f800000u | launch.zero);
  let p = select(exp2(y * log2(a)), select(0f, infinity, y < 0f), a == 0f);
  let q = select(p, 1f, a == 1f || y == 0f);
  let odd = fract(0.5f * abs(y)) == 0.5f;
  let negative = select(select(bitcast<f32>(0x7fc00000u | launch.zero), q, y == trunc(y)), -q, odd);
  return select(q, negative, x < 0f);
}`,
  },
  // Exact, by long division of the mantissas, 8 bits of the quotient at a time.
  remainder: {
    text: `fn remainder(x: f32, y: f32) -> f32 {
  let dividend = bitcast<u32>(x) & 0x7fffffffu;
  let divisor = bitcast<u32>(y) & 0x7fffffffu;
  if (divisor < 0x800000u || divisor > 0x7f800000u || dividend >= 0x7f800000u) { return bitcast<f32>(0x7fc00000u | launch.zero); }
  if (dividend < divisor) { return x; }
  let d = (divisor & 0x7fffffu) | 0x800000u;
  let exponent = divisor >> 23u;
  var r = ((dividend & 0x7fffffu) | 0x800000u) % d;
  var left = (dividend >> 23u) - exponent;
  while (left > 0u && r != 0u) {
    let bits = min(left, 8u);
    r = (r << bits) % d;
    left -= bits;
  }
  let sign = bitcast<u32>(x) & 0x80000000u;
  if (r == 0u) { return bitcast<f32>(sign); }
  let up = min(countLeadingZeros(r) - 8u, exponent - 1u);
  let mantissa = r << up;
  return bitcast<f32>(sign | select(mantissa, ((exponent - up) << 23u) | (mantissa & 0x7fffffu), mantissa >= 0x800000u));
}`,
  },
  // Rounds to nearest even, which WGSL leaves open; below 2⁻¹⁴ to a multiple of 2⁻²⁴.
  roundToHalf: {
    text: `fn roundToHalf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) { return x; }
  if (magnitude < 0x38800000u) { return round(x * 16777216f) * 5.9604644775390625e-8f; }
  let rounded = (magnitude + 0xfffu + ((magnitude >> 13u) & 1u)) & 0xffffe000u;
  return bitcast<f32>((bits & 0x80000000u) | select(rounded, 0x7f800000u | launch.zero, rounded >= 0x47800000u));
}`,
  },
  // One factor cannot hold 2^e for every e that has a finite result: three can.
  scaleByPower: {
    text: `fn scaleByPower(x: f32, e: i32) -> f32 {
  let a = clamp(e, -126, 127);
  let b = clamp(e - a, -126, 127);
  let c = clamp(e - a - b, -126, 127);
  return x * bitcast<f32>(u32(a + 127) << 23u) * bitcast<f32>(u32(b + 127) << 23u) * bitcast<f32>(u32(c + 127) << 23u);
}`,
  },
  // WGSL clamps to the largest f32 below 2³¹; the IR, as WebAssembly, to the largest integer. NaN gives 0.
  toI32: {
    text: `fn toI32(x: f32) -> i32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0; }
  return select(i32(x), 2147483647, x >= 2147483648f);
}`,
  },
  toU32: {
    text: `fn toU32(x: f32) -> u32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0u; }
  return select(u32(x), 4294967295u, x >= 4294967296f);
}`,
  },
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
  return kind === undefined ? helpers[name].text : wholePower(kind === 'power' ? Number(n) : -Number(n));
}

/** The text of the named functions and of what they call. */
export function mathFunctions(names: ReadonlySet<string>): string[] {
  const wanted = new Set<string>();
  const add = (name: string) => {
    for (const used of helpers[name]?.uses ?? []) add(used);
    wanted.add(name);
  };
  for (const name of names) add(name);
  return [...wanted].map(textOf);
}
