/** What a tensor holds, without waiting for it. */

import type { Words } from '../words.ts';
import type { Tensor } from './tensor.ts';

/** The values, on a CPU; undefined on a GPU, which cannot be looked at without waiting. */
export const peek = (x: Tensor): Words | undefined => x.device.backend.readSync?.(x.memory.storage, x.size);
