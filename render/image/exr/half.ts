/** Numbers of 16 bits as IEEE 754 has them: a sign, 5 bits of exponent, 10 of fraction. */

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The nearest one, to even at ties; beyond 65504 infinity. */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = word[0];
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size >= 0x7f800000) return sign | 0x7c00 | (size > 0x7f800000 ? 0x200 : 0);
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size < 0x38800000) {
    // Multiples of 2⁻²⁴; adding ½ leaves the fraction of as many units, rounded, in the low bits.
    float[0] = Math.abs(value) + 0.5;
    return sign | (word[0] & 0x7ff);
  }
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

export function fromHalf(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent < 31
        ? (1024 + fraction) * 2 ** (exponent - 25)
        : fraction
          ? Number.NaN
          : Number.POSITIVE_INFINITY;
  return bits & 0x8000 ? -size : size;
}
