#!/usr/bin/env node
/** The command line's program: `command` with the arguments of the process. */

import { command } from './command.ts';

process.exitCode = await command(process.argv.slice(2));
