/** Which methods there are. */

import type { ImexTableau } from './implicit/imex-tableau.ts';
import type { ImplicitTableau } from './implicit/implicit-tableau.ts';
import type { Composition } from './symplectic.ts';
import type { Tableau } from './tableau.ts';

export interface Reversible {
  readonly kind: 'reversible';
  readonly name: string;
  readonly order: number;
  readonly embeddedOrder?: number;
  readonly base: Tableau;
  /** λ */
  readonly coupling: number;
}

export type Method = Tableau | ImplicitTableau | ImexTableau | Reversible | Composition;
