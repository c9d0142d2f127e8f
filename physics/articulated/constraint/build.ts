/** The constraints of a tree, from what its specification says of joints, geoms and equalities. */

import type { JointSpec } from '../link-spec.ts';
import type { Model } from '../model.ts';
import { type Joint, type Link, lengthOf } from '../parts.ts';
import type { TendonSpec } from '../tendons/tendon.ts';
import type { TreeSpec } from '../tree-spec.ts';
import { type FrictionLoss, type Limit, type SolverOptions, usualSolimp, usualSolref } from './constraint.ts';
import { equalityOf, restingPoses } from './equalities.ts';
import { checkSolver, geomOf, pairsOf } from './geoms.ts';

type Constraints = Pick<Model, 'geoms' | 'pairs' | 'limits' | 'frictionLosses' | 'equalities' | 'solver'>;

/** @param numbers Of links by name. */
export function constraintsOf(
  spec: TreeSpec,
  links: readonly Link[],
  joints: readonly Joint[],
  numbers: ReadonlyMap<string, number>,
): Constraints {
  const linkOf = (name: string, who: string): number => {
    const number = name === 'world' ? -1 : numbers.get(name);
    if (number === undefined) throw new RangeError(`${who}: there is no link '${name}'.`);
    return number;
  };
  const geoms = (spec.geoms ?? []).map((geom, k) => geomOf(geom, k, linkOf));
  const excludes = (spec.excludes ?? []).map(
    ([a, b]) => [linkOf(a, 'tree: excludes'), linkOf(b, 'tree: excludes')] as const,
  );
  const poses = restingPoses(links, spec.links);
  const made = spec.links.flatMap(link => link.joints ?? []);
  const tendons = spec.tendons ?? [];
  const nv = joints.reduce((sum, { kind }) => sum + lengthOf[kind].dof, 0);
  return {
    geoms,
    pairs: pairsOf(geoms, links, spec.pairs ?? [], excludes),
    limits: [
      ...made.flatMap((joint, j) =>
        limitOf(joint, `joint '${joints[j].name}'`, joints[j].kind).map(l => ({ joint: j, ...l })),
      ),
      ...tendons.flatMap((t, tendon) =>
        limitOf(t, `tendon '${t.name}'`).map(limit => ({ joint: -1, tendon, ...limit })),
      ),
    ],
    frictionLosses: [
      ...made.flatMap((joint, j) => {
        const { name, kind, dof } = joints[j];
        return lossesOf(joint, `joint '${name}'`, range(dof, lengthOf[kind].dof));
      }),
      ...tendons.flatMap((t, k) => lossesOf(t, `tendon '${t.name}'`, [nv + k])),
    ],
    equalities: (spec.equalities ?? []).map((equality, k) =>
      equalityOf(equality, k, { linkOf, joints, tendons, poses }),
    ),
    solver: solverOf(spec.solver ?? {}),
  };
}

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, k) => first + k);

function limitOf(
  spec: JointSpec | TendonSpec,
  of: string,
  kind?: Joint['kind'],
): readonly Omit<Limit, 'joint' | 'tendon'>[] {
  const { range, solrefLimit: solref = usualSolref, solimpLimit: solimp = usualSolimp, limitMargin: margin = 0 } = spec;
  if (!range) return [];
  const who = `tree: ${of}`;
  if (kind === 'free') throw new RangeError(`${who}: it is free and has a range; give none.`);
  if (!(range[0] <= range[1] && range.every(Number.isFinite)))
    throw new RangeError(`${who}: range is [${range.join(', ')}]; give two finite numbers, the smaller one first.`);
  checkSolver(`${who}, limit`, solref, solimp);
  return [{ range, solref, solimp, margin }];
}

function lossesOf(spec: JointSpec | TendonSpec, of: string, dofs: readonly number[]): readonly FrictionLoss[] {
  const { frictionLoss: loss = 0, solrefFriction: solref = usualSolref, solimpFriction: solimp = usualSolimp } = spec;
  checkSolver(`tree: ${of}, friction`, solref, solimp);
  if (loss === 0) return [];
  return dofs.map(dof => ({ dof, loss, solref, solimp }));
}

function solverOf({ cone = 'pyramidal', impratio = 1, refsafe = true }: Partial<SolverOptions>): SolverOptions {
  if (cone !== 'pyramidal' && cone !== 'elliptic')
    throw new TypeError(`tree: cone is '${cone as string}'; it must be 'pyramidal' or 'elliptic'.`);
  if (!(impratio > 0 && impratio < Number.POSITIVE_INFINITY))
    throw new RangeError(`tree: impratio is ${impratio}; it must be a number above 0.`);
  return { cone, impratio, refsafe };
}
