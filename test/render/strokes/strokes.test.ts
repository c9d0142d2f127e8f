// Specification of render/strokes: areas against counted samples, order, space, derivatives, bad input.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Device, stack, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { bezier, drawStrokes, drawStrokesIn, lines, lookAt, orthographic, perspective } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { sampledCoverage } from '../../util/sampled-coverage.ts';

const device = cpu64;
const white = (strokes: number) => zeros([strokes, 1], { device }).add(1);

describe('drawStrokes', () => {
  const bent: [number, number][] = [
    [3.3, 2.6],
    [12.7, 5.4],
    [6.2, 11.1],
    [15.6, 16.4],
    [4.4, 17.2],
  ];

  it.each([0.6, 2.3, 4])('covers a polyline of width %s with round joints and ends, each part once', async width => {
    const path = lines(5, [[0, 1, 2, 3, 4]]);
    const points = tensor(bent.flat(), [5, 2], { device });
    const values = await drawStrokes(path, { points, width, colour: white(1) }, [20, 20]).image.read();
    for (let row = 0; row < 20; row++)
      for (let column = 0; column < 20; column++) {
        const counted = sampledCoverage(bent, width / 2, width, column, row, 24);
        // arcs are fans of edges; 24² samples miss 4e-3
        expect(Math.abs(values[20 * row + column] - counted), `pixel ${column}, ${row}`).toBeLessThan(0.01);
      }
  });

  it('covers 2π r w with a closed ring of short segments, and π r² with a disc', async () => {
    const n = 40;
    const ring = Array.from({ length: n }, (_, k) => {
      const a = (2 * Math.PI * k) / n;
      return [10 + 6 * Math.cos(a), 10 + 6 * Math.sin(a)];
    });
    const closed = lines(n, [[...ring.keys(), 0]]);
    const area = (x: Tensor) => x.sum().item();
    const drawn = drawStrokes(
      closed,
      { points: tensor(ring.flat(), [n, 2], { device }), width: 1.5, colour: white(1) },
      [20, 20],
    );
    const inscribed = n * 2 * 6 * Math.sin(Math.PI / n) * 1.5;
    near([await area(drawn.image)], [inscribed], 2e-3);
    const dot = drawStrokes(
      lines(1, [[0]]),
      { points: tensor([9.3, 10.1], [1, 2], { device }), width: 7, colour: white(1) },
      [20, 20],
    );
    near([await area(dot.image)], [Math.PI * 3.5 ** 2], 1e-6);
  });

  it('puts the first in front, before a background', async () => {
    const both = lines(2, [[0], [1]]);
    const strokes = {
      points: tensor([2, 2, 2, 2], [2, 2], { device }),
      width: tensor([2, 20], [2], { device }),
      colour: tensor([1, 0, 0, 1], [2, 2], { device }),
      opacity: tensor([0.75, 0.5], [2], { device }),
    };
    const { image, transmittance } = drawStrokes(both, strokes, [4, 4], {
      background: tensor([4, 4], [2], { device }),
    });
    const cover = Math.PI / 4; // of the small disc in each of the middle pixels
    const through = (1 - 0.75 * cover) * 0.5;
    near((await image.read()).slice(10, 12), [0.75 * cover + 4 * through, through + 4 * through], 1e-9);
    near((await transmittance.read()).slice(5, 6), [through], 1e-9);
  });

  it('has exact derivatives in points, widths, colours and opacities', async () => {
    const paths = lines(6, [[0, 1, 2], [3], [4, 5]]);
    const x = {
      points: tensor([1.2, 2.1, 6.3, 3.2, 3.1, 8.4, 5.2, 5.7, 8.3, 1.4, 2.2, 8.8], [6, 2], { device }),
      width: tensor([1.7, 3.3, 0.9], [3], { device }),
      colour: tensor([0.2, 0.8, 0.5, 0.4, 0.9, 0.1], [3, 2], { device }),
      opacity: tensor([0.9, 0.7, 0.8], [3], { device }),
    };
    const draw = (p: typeof x) => drawStrokes(paths, p, [10, 11]);
    await checkGradient(draw, x, { h: 1e-7 });
  });

  it('is the same in f32 and on a GPU, and again', async () => {
    const scene = (device: Device) => {
      const colour = tensor([1, 0.5, 0, 0, 0.5, 1], [2, 3], { device });
      const path = lines(5, [[0, 1, 2, 3], [4]]);
      return (points: Tensor) => drawStrokes(path, { points, width: 2.2, colour }, [18, 19]).image.square().sum();
    };
    const points = (device: Device) => tensor(bent.flat(), [5, 2], { device });
    const look = async (device: Device) => {
      const { value, grad } = valueAndGrad(scene(device))(points(device));
      return [await value.read(), await grad.read()];
    };
    const exact = await look(cpu64);
    const single = await look(cpu32);
    single.forEach((v, k) => void near(v, exact[k], 5e-3));
    expect(await look(cpu32)).toEqual(single);
    near(await scene(gpu)(points(gpu)).read(), exact[0], 1e-3);
  });

  it('is a disc where its ends meet, and round at an end that is given twice', async () => {
    const area = (points: Tensor) => {
      const n = points.shape[0];
      const path = lines(n, [Array.from({ length: n }, (_, k) => k)]);
      return drawStrokes(path, { points, width: 6, colour: white(1) }, [24, 16]).image.sum();
    };
    for (const length of [0, 1e-9, 0.1]) {
      const { value, grad } = valueAndGrad(area)(
        tensor([8.2, 8.1, 8.2 + 0.8 * length, 8.1 + 0.6 * length], [2, 2], { device }),
      );
      expect(await value.item()).toBeCloseTo(9 * Math.PI + 6 * length, 6);
      const slope = await grad.read();
      const along = 0.8 * (slope[2] - slope[0]) + 0.6 * (slope[3] - slope[1]);
      if (length === 0) expect(Math.max(...slope.map(Math.abs))).toBeLessThan(1e-12); // there is none: 0 stands for it
      if (length === 0.1) expect(along).toBeCloseTo(12, 6);
    }
    const twice = tensor([6, 8, 6, 8, 17, 9, 17, 9], [4, 2], { device });
    expect(await area(twice).item()).toBeCloseTo(await area(tensor([6, 8, 17, 9], [2, 2], { device })).item(), 9);
  });

  it('passes over points that are given twice, open or closed, and gives them the slope of one', async () => {
    const corners = [4, 5, 14, 4, 12, 13, 6, 12];
    const seen = (path: number[]) => (points: Tensor) => {
      const n = points.shape[0];
      const image = drawStrokes(lines(n, [path]), { points, width: 3.4, colour: white(1) }, [18, 17]).image;
      return { image, square: image.square().sum() };
    };
    const look = async (path: number[], points: Tensor) => {
      const { grad } = valueAndGrad((x: Tensor) => seen(path)(x).square)(points);
      return { image: await seen(path)(points).image.read(), grad: await grad.read() };
    };
    for (const path of [
      [0, 1, 2, 3],
      [0, 1, 2, 3, 0],
    ]) {
      const once = await look(path, tensor(corners, [4, 2], { device }));
      const repeated = path.flatMap((k, place) => (place === 1 ? [1, 4] : place === 2 ? [2, 5, 6] : [k]));
      const more = [...corners, ...corners.slice(2, 4), ...corners.slice(4, 6), ...corners.slice(4, 6)];
      const again = await look(repeated, tensor(more, [7, 2], { device }));
      near(again.image, once.image, 1e-12);
      const of = (k: number) => again.grad.slice(2 * k, 2 * k + 2);
      const sum = (...parts: number[]) => [0, 1].map(c => parts.reduce((all, k) => all + of(k)[c], 0));
      near([...of(0), ...sum(1, 4), ...sum(2, 5, 6), ...of(3)], once.grad, 1e-9);
    }
  });

  it('is hardly changed by a point beside another, whichever way it lies', async () => {
    const image = (points: number[]) => {
      const n = points.length / 2;
      const at = tensor(points, [n, 2], { device });
      const path = lines(n, [Array.from({ length: n }, (_, k) => k)]);
      return drawStrokes(path, { points: at, width: 3, colour: white(1) }, [24, 20]).image.read();
    };
    for (const turn of [0, 0.5, 1.57, 2.5]) {
      const [x, y] = [12.3, 6.3];
      const end = [x + 8 * Math.cos(turn), y + 8 * Math.sin(turn)];
      const straight = await image([3.2, 6.1, x, y, ...end]);
      for (const [away, most] of [
        [1e-5, 5e-4], // such as rounding leaves
        [0.2, 2], // px², of some 50; they overlap
      ])
        for (let q = 0; q < 8; q++) {
          const beside = [x + away * Math.cos(q), y + away * Math.sin(q)];
          const bent = await image([3.2, 6.1, x, y, ...beside, ...end]);
          expect(Array.from(bent).reduce((sum, v, k) => sum + Math.abs(v - straight[k]), 0)).toBeLessThan(most);
        }
    }
    const small = Array.from({ length: 40 }, (_, k) => [9 + 1e-4 * (k % 3), 8.5 + 1e-4 * (k % 2)]).flat();
    const dot = Array.from(await image(small)).reduce((sum, v) => sum + v, 0);
    expect(dot).toBeCloseTo(2.25 * Math.PI, 2); // and not nothing
  });

  it('draws nothing of what is broken, outside, or has no width', async () => {
    const path = lines(2, [[0, 1]]);
    for (const [points, width] of [
      [[Number.NaN, 1, 2, 2], 1],
      [[-50, 1, -20, 2], 1],
      [[1, 1, 2, 2], 0],
    ] as const) {
      const strokes = { points: tensor(points, [2, 2], { device }), width, colour: white(1) };
      expect(Array.from(await drawStrokes(path, strokes, [2, 1]).image.read())).toEqual([0, 0]);
    }
  });

  it('shows the background alone where there are no strokes, and goes on past a point that is nowhere', async () => {
    const background = tensor([0.25], [1], { device });
    const nothing = { points: zeros([0, 2], { device }), width: 1, colour: zeros([0, 1], { device }) };
    expect(Array.from(await drawStrokes(lines(0, []), nothing, [2, 1], { background }).image.read())).toEqual([
      0.25, 0.25,
    ]);
    for (const nowhere of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = tensor([nowhere, 1, 2, 2, 5, 2], [3, 2], { device });
      const rest = tensor([2, 2, 5, 2], [2, 2], { device });
      const draw = (path: number[], points: Tensor) =>
        drawStrokes(lines(path.length, [path]), { points, width: 1, colour: white(1) }, [8, 4]).image.read();
      expect(await draw([0, 1, 2], broken)).toEqual(await draw([0, 1], rest));
    }
  });

  it('says what does not fit', () => {
    const path = lines(2, [[0, 1]]);
    const strokes = { points: zeros([2, 2], { device }), width: 1, colour: white(1) };
    expect(() => lines(2, [[0, 2]])).toThrow('lines: stroke 0 has a point 2; points are 0 to 1.');
    expect(() => lines(2, [[]])).toThrow('lines: stroke 0 has no points; leave it out.');
    expect(() => drawStrokes(path, { ...strokes, points: zeros([3, 2], { device }) }, [4, 4])).toThrow(
      "drawStrokes: 'points' has shape [3, 2]; give [2, 2] for 2 points.",
    );
    expect(() => drawStrokes(path, { ...strokes, colour: white(2) }, [4, 4])).toThrow(
      "drawStrokes: 'colour' has shape [2, 1]; give [1, C] for 1 strokes.",
    );
    expect(() => drawStrokes(path, { ...strokes, width: zeros([2], { device }) }, [4, 4])).toThrow(
      "drawStrokes: 'width' has shape [2]; give [1] for 1 strokes.",
    );
    expect(() => drawStrokes(path, strokes, [4, 0])).toThrow(
      'drawStrokes: size is [4, 0]; give width and height, whole numbers of pixels from 1 to 65535.',
    );
  });
});

describe('bezier', () => {
  it('passes through ends, and through the middle of a curve where its weights say', async () => {
    const control = tensor([0, 0, 1, 2, 3, 2, 4, 0, 5, -2, 7, -2, 8, 0], [7, 2], { device });
    const points = await bezier(control, 2).read();
    near(points, [0, 0, 2, 1.5, 4, 0, 6, -1.5, 8, 0], 1e-12);
    await checkGradient((c: Tensor) => bezier(c, 3), control);
    expect(() => bezier(zeros([5, 2], { device }))).toThrow(
      'bezier: the controls are a tensor of shape [5, 2]; give [3 m + 1, d] for m curves.',
    );
    expect(() => bezier(control, 0)).toThrow('bezier: pieces is 0; give a whole number from 1.');
  });
});

describe('drawStrokesIn', () => {
  const pose = lookAt([0, 0, 4], [0, 0, 0], [0, 1, 0], { device });
  const lens = perspective({ focal: 20, size: [24, 18], near: 0.1, far: 10, device });
  const pair = lines(4, [
    [0, 1],
    [2, 3],
  ]);
  const strokes = {
    points: tensor([-1, 0, 0, 1, 0, 0, 0, -1, 1, 0, 1, 1], [4, 3], { device }),
    width: tensor([0.4, 0.3], [2], { device }),
    colour: tensor([1, 0, 0, 1], [2, 2], { device }),
  };

  it('draws the nearest in front, and widths as wide as they look', async () => {
    const camera = { lens, pose };
    const { image } = drawStrokesIn(camera, pair, strokes);
    const values = await image.read();
    near(values.slice(2 * (9 * 24 + 12), 2 * (9 * 24 + 12) + 2), [0, 1], 1e-9);
    const one = lines(2, [[0, 1]]);
    const alone = {
      points: tensor([-9, 0, 0, 9, 0, 0], [2, 3], { device }),
      width: tensor([0.4], [1], { device }),
      colour: white(1),
    };
    const thick = async (options: object, width: number) =>
      (await drawStrokesIn(camera, one, { ...alone, width }, options)
        .image.sum()
        .item()) / 24;
    expect(await thick({}, 0.4)).toBeCloseTo((20 * 0.4) / 4, 9);
    expect(await thick({ unit: 'px' }, 1.5)).toBeCloseTo(1.5, 9);
    const flat = { lens: orthographic({ focal: 5, size: [24, 18], near: 0.1, far: 10, device }), pose };
    const across = drawStrokesIn(flat, one, { ...alone, width: 0.4 }).image.sum();
    expect((await across.item()) / 24).toBeCloseTo(2, 9);
  });

  it('has exact derivatives in strokes and camera', async () => {
    const draw = ({ x, position, orientation }: { x: typeof strokes; position: Tensor; orientation: Tensor }) =>
      drawStrokesIn({ lens, pose: { position, orientation } }, pair, x);
    const { position, orientation } = lookAt([0.13, 0.21, 4], [0.02, 0.03, 0], [0.1, 1, 0], { device });
    await checkGradient(draw, { x: strokes, position, orientation }, { h: 1e-7 });
  });

  it('draws the same for each camera of a batch as for that camera, and batches of strokes', async () => {
    const poses = [
      [0, 0, 4],
      [1, 0.5, -3],
    ].map(eye => lookAt(eye as [number, number, number], [0, 0, 0], [0, 1, 0], { device }));
    const position = stack(poses.map(p => p.position));
    const orientation = stack(poses.map(p => p.orientation));
    const camera = { lens, pose: { position, orientation } };
    const single = poses.map(pose => drawStrokesIn({ lens, pose }, pair, strokes).image);
    const { image, transmittance } = drawStrokesIn(camera, pair, strokes);
    expect(transmittance.shape).toEqual([2, 18, 24, 1]);
    expect(await image.read()).toEqual(await stack(single).read());
    const other = { ...strokes, colour: stack([strokes.colour, strokes.colour.mul(0.5)]) };
    const dimmed = stack([drawStrokesIn({ lens, pose }, pair, strokes).image, single[0].mul(0.5)]);
    near(await drawStrokesIn({ lens, pose }, pair, other).image.read(), await dimmed.read(), 1e-15);
    const loss = (pose: typeof camera.pose) => (points: Tensor) =>
      drawStrokesIn({ lens, pose }, pair, { ...strokes, points })
        .image.square()
        .sum();
    const [one, two] = poses.map(pose => valueAndGrad(loss(pose))(strokes.points).grad);
    near(await valueAndGrad(loss(camera.pose))(strokes.points).grad.read(), await one.add(two).read(), 1e-12);
    expect(() =>
      drawStrokesIn(camera, pair, { ...other, colour: stack([strokes.colour, strokes.colour, strokes.colour]) }),
    ).toThrow('drawStrokesIn: the camera is a batch of 2, the strokes one of 3.');
  });

  it('draws batches in the picture', async () => {
    const path = lines(3, [[0, 1], [2]]);
    const [a, b] = [
      [3, 3, 9, 4, 6, 7],
      [2, 8, 8, 2.5, 4, 4],
    ].map(at => tensor(at, [3, 2], { device }));
    const x = { width: tensor([1.5, 4], [2], { device }), colour: tensor([1, 0.5], [2, 1], { device }) };
    const images = [a, b].map(points => drawStrokes(path, { ...x, points }, [12, 11]).image);
    const { image } = drawStrokes(path, { ...x, points: stack([a, b]) }, [12, 11]);
    expect(await image.read()).toEqual(await stack(images).read());
    expect(() => drawStrokes(path, { ...x, points: stack([a, b]), width: zeros([3, 2], { device }) }, [4, 4])).toThrow(
      "drawStrokes: 'width' has shape [3, 2]; give [2] for 2 strokes, or [2, 2].",
    );
  });

  it('leaves out what reaches behind the camera', async () => {
    const behind = { ...strokes, points: tensor([-1, 0, 0, 1, 0, 9, 0, -1, 9, 0, 1, 1], [4, 3], { device }) };
    expect(Math.max(...(await drawStrokesIn({ lens, pose }, pair, behind).image.read()))).toBe(0);
    expect(() => drawStrokesIn({ lens, pose }, pair, strokes, { unit: 'cm' as 'm' })).toThrow(
      "drawStrokesIn: unit is 'cm'; give 'm' or 'px'.",
    );
  });
});
