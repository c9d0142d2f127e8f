/**
 * Flow in the plane, periodic, by its vorticity in Fourier space.
 *
 *   ∂ω/∂t + u·∇ω = ν Δω − α ω + g,   u = (∂ψ/∂y, −∂ψ/∂x),   −Δψ = ω                                                    (1)
 *   û + i v̂ = (k_x + i k_y) ω̂ / k²,   ω̂_x + i ω̂_y = i (k_x + i k_y) ω̂                  two real fields a transform      (2)
 *   N(ω̂) = F(g − u·∇ω), without wave numbers from a third of the grid's on (2/3 rule)                                    (3)
 *   E = e^{−(ν k² + α) Δt / 2}
 *   a = N(ω̂),  b = N(E (ω̂ + ½Δt a)),  c = N(E ω̂ + ½Δt b),  d = N(E² ω̂ + Δt E c)
 *   ω̂⁺ = E² ω̂ + Δt/6 (E² a + 2 E (b + c) + d)                                                                           (4)
 *
 * (4) is Runge and Kutta's method for ω̂ divided by its decay: exact where nothing is advected, of order 4 in Δt otherwise, and of the
 * order of the solution's smoothness in space. Energy and enstrophy are conserved but for Δt⁵ where ν = α = g = 0. The mean of ω is zero.
 * Orszag, J. Atmos. Sci. 28 (1971) 1074 (3); Canuto, Hussaini, Quarteroni & Zang: Spectral Methods, 2007, § 3.3 and App. D.
 */

import { checkOptions, concat, inWords, lazyKernel, type Tensor } from '../../../kernel/index.ts';
import { type Complex, checkStable, fft, ifft } from '../../../solvers/index.ts';
import { checkParams, checkTensor } from '../../field.ts';
import { checkTime, type Step } from '../../simulator.ts';
import { type Spectra, spectraOf } from './spectra.ts';
import { waveNumbers } from './wave-numbers.wgsl.ts';

export interface VorticityState {
  /** ω, [ny, nx], 1/s. */
  readonly omega: Tensor;
}

/** All differentiable; one number each, but for the forcing. */
export interface VorticityParams {
  /** ν, m²/s. */
  readonly viscosity: Tensor;
  /** α, 1/s: friction with what lies above and below. Default 0. */
  readonly drag?: Tensor;
  /** g, the curl of a force on a unit of mass, [ny, nx], 1/s². Default 0. */
  readonly forcing?: Tensor;
}

export interface SpectralVorticityOptions {
  /** Lengths of the domain along y and x, or one for both, m. Default 2π. */
  readonly length?: number | readonly [y: number, x: number];
  /** Whether to look at each step that it is stable. Default true. */
  readonly check?: boolean;
}

export interface SpectralVorticity {
  readonly step: Step<VorticityState, VorticityParams>;
  /** u, [2, ny, nx], m/s. Differentiable. */
  velocity(state: VorticityState): Tensor;
  /** Energy and enstrophy of each shell of wave numbers. Differentiable. */
  spectra(state: VorticityState): Spectra;
}

const factors = lazyKernel(/* wgsl */ `
  ${waveNumbers}
  var<storage, read> viscosity: array<f32>;
  var<storage, read> drag: array<f32>;
  var<uniform> dt: f32;
  var<storage, read_write> decay: array<f32>;
  @compute @workgroup_size(64)
  fn vorticityDecay(@builtin(global_invocation_id) id: vec3u) {
    let kx = unitX * wave(id.x, nx);
    let ky = unitY * wave(id.y, ny);
    decay[id.y * nx + id.x] = exp(-0.5 * dt * (viscosity[0] * (kx * kx + ky * ky) + drag[0]));
  }
`);

/** (2): from ω̂ to the transforms of u + i v and ω_x + i ω_y, one after the other. */
const fields = lazyKernel(/* wgsl */ `
  ${waveNumbers}
  var<storage, read> re: array<f32>;
  var<storage, read> im: array<f32>;
  @unique var<storage, read_write> a: array<f32>;
  @unique var<storage, read_write> b: array<f32>;
  @compute @workgroup_size(64)
  fn vorticityFields(@builtin(global_invocation_id) id: vec3u) {
    let i = id.y * nx + id.x;
    let kx = unitX * wave(id.x, nx);
    let ky = unitY * wave(id.y, ny);
    let square = kx * kx + ky * ky;
    let share = select(0.0, 1.0 / max(square, 1e-30), square > 0.0 && kept(id.x, nx) && kept(id.y, ny));
    let along = share * (kx * re[i] - ky * im[i]);
    let across = share * (kx * im[i] + ky * re[i]);
    a[i] = along;
    b[i] = across;
    a[nx * ny + i] = -square * across;
    b[nx * ny + i] = square * along;
  }
`);

const advection = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<uniform> size: u32;
  var<storage, read_write> rate: array<f32>;
  @compute @workgroup_size(64)
  fn vorticityAdvection(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    rate[i] = -(a[i] * a[size + i] + b[i] * b[size + i]);
  }
`);

/** (3) */
const dealiased = lazyKernel(/* wgsl */ `
  ${waveNumbers}
  var<storage, read> re: array<f32>;
  var<storage, read> im: array<f32>;
  var<storage, read_write> reKept: array<f32>;
  var<storage, read_write> imKept: array<f32>;
  @compute @workgroup_size(64)
  fn vorticityDealias(@builtin(global_invocation_id) id: vec3u) {
    let i = id.y * nx + id.x;
    let here = kept(id.x, nx) && kept(id.y, ny) && id.x + id.y > 0u;
    reKept[i] = select(0.0, re[i], here);
    imKept[i] = select(0.0, im[i], here);
  }
`);

const add = (x: Complex, y: Complex): Complex => ({ re: x.re.add(y.re), im: x.im.add(y.im) });
const times = (x: Complex, by: Tensor | number): Complex => ({ re: x.re.mul(by), im: x.im.mul(by) });

/**
 * Builds a simulator of two-dimensional turbulence in a periodic box.
 *
 * @param shape Points, [ny, nx]; products of 2, 3, 5 and 7 are fastest.
 * @throws RangeError if dt is too long for the speed: at once on a CPU, by the next read on a GPU.
 * @example
 *   const flow = spectralVorticity([16, 16]);
 *   const omega = tensor(Float32Array.from({ length: 256 }, (_, i) => Math.cos((Math.PI * (i % 16)) / 8)), [16, 16]);
 *   const end = rollout(state => flow.step(state, { viscosity: tensor([0.1]) }, 0.1), { omega }, 10);
 *   const { energy } = flow.spectra(end);
 */
export function spectralVorticity(shape: readonly number[], options: SpectralVorticityOptions = {}): SpectralVorticity {
  const who = 'spectralVorticity';
  checkOptions(who, options, ['length', 'check']);
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(n => Number.isInteger(n) && n > 0))
    throw new RangeError(`${who}: the shape is ${inWords(shape)}; give numbers of points, [ny, nx].`);
  const { length = 2 * Math.PI, check = true } = options;
  const [tall, wide] = typeof length === 'number' ? [length, length] : length;
  if (!(tall > 0 && wide > 0))
    throw new RangeError(`${who}: length is ${inWords(length)}; it must be one or two positive numbers of metres.`);
  const [ny, nx] = shape;
  const size = nx * ny;
  const waves = { nx, ny, unitX: (2 * Math.PI) / wide, unitY: (2 * Math.PI) / tall };
  const count = [nx, ny];

  const kept = ({ re, im }: Complex): Complex => {
    const { reKept, imKept } = dealiased({ re, im, ...waves }, { count, out: { reKept: shape, imKept: shape } });
    return { re: reKept, im: imKept };
  };
  /** u, v and ω_x, ω_y: parts [2, ny, nx]. */
  const inSpace = ({ re, im }: Complex): Complex => {
    const { a, b } = fields({ re, im, ...waves }, { count, out: { a: [2, ny, nx], b: [2, ny, nx] } });
    return ifft({ re: a, im: b }, { axes: [1, 2] });
  };
  const rates = (omega: Complex, forcing: Tensor | undefined): Complex => {
    const { re: a, im: b } = inSpace(omega);
    const { rate } = advection({ a, b, size }, { count: size, out: { rate: shape } });
    return kept(fft(forcing ? rate.add(forcing) : rate));
  };
  const velocity = ({ omega }: VorticityState): Tensor => {
    const { re, im } = inSpace(fft(omega));
    return concat([re.slice(0, 1), im.slice(0, 1)]);
  };
  const checkOmega = (omega: Tensor): void => {
    checkTensor(who, 'omega', omega);
    if (omega.shape.join() !== shape.join())
      throw new RangeError(`${who}: omega has shape [${omega.shape.join(', ')}]; it must be [${shape.join(', ')}].`);
  };
  return {
    step({ omega }, params, dt) {
      checkParams(who, params, ['viscosity']);
      const { viscosity, drag, forcing } = params;
      checkOmega(omega);
      checkTensor(who, 'viscosity', viscosity);
      checkTime(who, dt);
      if (check)
        checkStable({ who, what: 'Δt (|u| / Δx + |v| / Δy)', dt, limit: 1.35 }, [omega], dt, () => {
          const { re, im } = inSpace(fft(omega));
          return re
            .slice(0, 1)
            .abs()
            .mul(nx / wide)
            .add(
              im
                .slice(0, 1)
                .abs()
                .mul(ny / tall),
            )
            .mul(dt);
        });
      const start = kept(fft(omega));
      const { decay } = factors({ viscosity, drag: drag ?? [0], dt, ...waves }, { count, out: { decay: shape } });
      const a = rates(start, forcing);
      const slowed = times(start, decay);
      const b = rates(add(slowed, times(times(a, decay), dt / 2)), forcing);
      const c = rates(add(slowed, times(b, dt / 2)), forcing);
      const d = rates(times(add(slowed, times(c, dt)), decay), forcing);
      const first = times(add(slowed, times(times(a, decay), dt / 6)), decay);
      const middle = times(times(add(b, c), decay), dt / 3);
      const { re } = ifft(add(add(first, middle), times(d, dt / 6))); // (4)
      return { omega: re };
    },
    velocity,
    spectra({ omega }) {
      checkOmega(omega);
      return spectraOf(fft(omega), waves);
    },
  };
}
