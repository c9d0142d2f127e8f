/** Robots of stiff boxes, held together by joints and springs, some of which are muscles: DiffTaichi's rigid robots. */

type Place = readonly [number, number];

export interface Box {
  readonly at: Place;
  /** Half sizes, m. */
  readonly half: Place;
  readonly angle?: number;
}

export interface Link {
  readonly from: number;
  readonly to: number;
  /** Places on both boxes, in their own axes. */
  readonly fromAt: Place;
  readonly toAt: Place;
  /** m; a joint has none. */
  readonly length?: number;
  readonly stiffness: number;
  /** Default 0.05. */
  readonly muscle?: number;
}

export interface Frame {
  readonly name: string;
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
  /** Which box is to come to the goal. */
  readonly head: number;
}

const stilts = (): Frame => {
  const feet = [0.2, 0.3, 0.4];
  const grips = [[-0.03, -0.1], [-0.03, 0.03], [0.03, 0.1]]; // biome-ignore format: a table
  const legs = grips.flatMap((pair, foot) =>
    pair.map((x): Link => ({ from: 0, to: foot + 1, fromAt: [x, 0], toAt: [0, 0], length: 0.12, stiffness: 15 })),
  );
  return {
    name: '0',
    boxes: [
      { at: [0.3, 0.25], half: [0.15, 0.03] },
      ...feet.map((x): Box => ({ at: [x, 0.15], half: [0.03, 0.02] })),
      { at: [0.4, 0.3], half: [0.005, 0.03] },
    ],
    links: [...legs, { from: 0, to: 4, fromAt: [0.1, 0], toAt: [0, -0.05], stiffness: 15 }],
    head: 0,
  };
};

const dog = (): Frame => ({
  name: '1',
  boxes: [
    { at: [0.15, 0.25], half: [0.1, 0.03] },
    { at: [0.08, 0.22], half: [0.03, 0.1] },
    { at: [0.22, 0.22], half: [0.03, 0.1] },
  ],
  links: [
    { from: 0, to: 1, fromAt: [0.08, 0.02], toAt: [0, -0.08], length: 0.22, stiffness: 50, muscle: 0.03 },
    { from: 0, to: 2, fromAt: [-0.08, 0.02], toAt: [0, -0.08], length: 0.22, stiffness: 50, muscle: 0.03 },
    { from: 0, to: 1, fromAt: [-0.08, 0], toAt: [0, 0.03], stiffness: 50 },
    { from: 0, to: 2, fromAt: [0.08, 0], toAt: [0, 0.03], stiffness: 50 },
  ],
  head: 0,
});

/** A hip and two legs of thigh, calf and foot. */
const biped = (): Frame => {
  const [thigh, foot, hip] = [0.11, 0.08, 0.08];
  const tilt = (10 / 180) * Math.PI;
  const below = ([x, y]: Place, length: number, angle: number): Place => [x + length * Math.sin(angle), y - length * Math.cos(angle)]; // biome-ignore format: a line
  const top: Place = [0.3, 0.65 - (hip - 0.01)];
  const knee = below(top, 2 * thigh, tilt);
  const ankle = below(knee, 2 * thigh, -tilt);
  const leg: readonly Box[] = [
    { at: below(top, thigh, tilt), half: [0.02, thigh], angle: tilt },
    { at: below(knee, thigh, -tilt), half: [0.02, thigh], angle: -tilt },
    { at: [ankle[0] + foot, ankle[1]], half: [foot, 0.02] },
  ];
  const links = (first: number): readonly Link[] => [
    {
      from: 0,
      to: first,
      fromAt: [0, (hip - 0.01) * 0.4],
      toAt: [0, -thigh],
      length: 0.9 * (2 * thigh + 0.22),
      stiffness: 5,
    },
    {
      from: first,
      to: first + 1,
      fromAt: [0, thigh],
      toAt: [0, -thigh],
      length: 3.6 * thigh,
      stiffness: 20,
      muscle: 0.08,
    },
    {
      from: first + 1,
      to: first + 2,
      fromAt: [0, 0],
      toAt: [foot, 0],
      length: 0.7 * Math.hypot(thigh, 2 * foot),
      stiffness: 40,
    },
    { from: 0, to: first, fromAt: [0, -(hip - 0.01)], toAt: [0, thigh], stiffness: 200 },
    { from: first, to: first + 1, fromAt: [0, -thigh], toAt: [0, thigh], stiffness: 200 },
    { from: first + 1, to: first + 2, fromAt: [0, -thigh], toAt: [-foot, 0], stiffness: 200 },
  ];
  return {
    name: '2',
    boxes: [{ at: [0.3, 0.65], half: [0.06, hip] }, ...leg, ...leg],
    links: [...links(1), ...links(4)],
    head: 3,
  };
};

export const frames: readonly Frame[] = [stilts(), dog(), biped()];
