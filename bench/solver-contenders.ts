/** Who takes part in the cases of the solvers; what is missing is said in the table, with the package that has it. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from './case.ts';
import type { Command } from './child.ts';
import { type Contender, data, find, native, root, script } from './contenders.ts';

/** Only where the case asks for it. */
const invited = ({ name, rivals, start }: Contender): Contender => ({
  name,
  rivals,
  start: async of => (of.peers?.includes(name) ? start(of) : undefined),
});

const python = find(['python3', 'python']);
const known = python && spawnSync(python, ['-c', 'import scipy'], { stdio: 'ignore' }).status === 0;

/** @param method Of those that SciPy has for the case. */
function scipy(name: string, method = ''): Contender {
  const start = async (of: Case): Promise<Command | string> =>
    python && known
      ? {
          program: python,
          args: [join(root, 'bench/peers/scipy_solvers.py'), of.variant, ...data(of), `method=${method}`],
          env: { PYTHONDONTWRITEBYTECODE: '1', OPENBLAS_NUM_THREADS: '1' }, // more are slower at these sizes
        }
      : 'not installed: Python with SciPy (Debian: python3-scipy)';
  return invited({ name, rivals: [], start });
}

const sundials = {
  libraries: ['-lsundials_cvodes', '-lsundials_nvecserial'],
  absent: 'not installed: SUNDIALS (Debian: libsundials-dev)',
};
const plain = { libraries: [], absent: 'gcc does not compile it' };
const compilers = ['gcc', 'cc'];

export const solverContenders: readonly Contender[] = [
  script('Retrograde', [], 'retrograde/solver-families.ts'),
  script('1 thread', [], 'retrograde/solver-families.ts', { RETROGRADE_THREADS: '1' }),
  scipy('SciPy'),
  ...['LSODA', 'Radau', 'BDF'].map(method => scipy(`SciPy ${method}`, method)),
  invited(native('C', [], compilers, ['-march=native'], plain)),
  invited(native('C, 1 thread', [], compilers, ['-march=native'], plain, { OMP_NUM_THREADS: '1' })),
  invited(native('CVODES', [], compilers, ['-march=native'], sundials)),
];
