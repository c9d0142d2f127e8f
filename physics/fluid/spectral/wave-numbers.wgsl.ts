/** Wave numbers on a periodic grid in the plane: of place i of n, in units of the smallest; and whether the 2/3 rule keeps them. */
export const waveNumbers: string = /* wgsl */ `
  var<uniform> nx: u32;
  var<uniform> ny: u32;
  var<uniform> unitX: f32;
  var<uniform> unitY: f32;
  fn wave(i: u32, n: u32) -> f32 { return select(f32(i), f32(i) - f32(n), 2u * i >= n); }
  fn kept(i: u32, n: u32) -> bool { return 3u * min(i, n - i) < n; }`;
