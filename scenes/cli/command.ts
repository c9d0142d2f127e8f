/** The command line: `retrograde list`, `retrograde run <scene> [options]`. */

import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Scene, scenes, topics } from '../index.ts';
import { type RunArguments, runScene, sceneCalled } from './run.ts';

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    return value;
  };

function setting(text: string, sofar: Readonly<Record<string, number>>): Record<string, number> {
  const [name = '', value = '', ...rest] = text.split('=');
  if (name === '' || value.trim() === '' || rest.length || !Number.isFinite(Number(value)))
    throw new InvalidArgumentError('It must be name=value, the value a finite number.');
  return { ...sofar, [name]: Number(value) };
}

/** Does what the arguments say. @returns The exit status: 0 the goal was met, 1 it was not, 2 the run could not be made; then one sentence says why. */
export async function command(args: readonly string[]): Promise<number> {
  let status = 0;
  try {
    await parser(code => {
      status = code;
    }).parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(error instanceof Error ? error.message : String(error));
    if (process.env.RETROGRADE_STACK) console.error(error);
    return 2;
  }
}

function* listing(): Generator<string> {
  const width = Math.max(...Object.keys(scenes).map(name => name.length));
  for (const [topic, all] of Object.entries(topics)) {
    yield `${topic}:`;
    for (const { name, summary } of all) yield `  ${name.padEnd(width)}  ${summary}`;
  }
  yield "'run <scene> --preset small' runs one, 'list <scene>' tells what can be set in it.";
}

function* settingsOf({ name, summary, settings }: Scene): Generator<string> {
  yield `${name} ${summary}`;
  for (const [setting, meaning] of Object.entries(settings)) yield `  --set ${setting}=…  ${meaning}`;
}

function parser(ended: (status: number) => void): Command {
  const program = new Command('retrograde')
    .description('Differentiable simulation and rendering: scenes that fit, steer and design.')
    .version((createRequire(import.meta.url)('retrograde/package.json') as { version: string }).version)
    .exitOverride();

  program
    .command('list')
    .description('list the scenes, or what can be set in one of them')
    .argument('[scene]', 'its name')
    .action((name?: string) => {
      for (const line of name === undefined ? listing() : settingsOf(sceneCalled('list', name))) console.log(line);
    });

  program
    .command('run')
    .description('run a scene; exit status 0 only where its goal is met')
    .argument('<scene>', 'its name, as in the list')
    .addOption(new Option('--preset <preset>', 'how much work').choices(['small', 'full']).default('full'))
    .option('--set <name=value>', 'change a setting of the scene; may be repeated', setting, {})
    .option('--iterations <n>', 'iterations at most', wholeNumber(1))
    .option('--seed <n>', 'seed of whatever is random', wholeNumber(0), 0)
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'webgpu']).default('auto'))
    .addOption(new Option('--precision <precision>', 'f64 on the CPU only').choices(['f32', 'f64']).default('f32'))
    .option('--out <dir>', 'folder for result.json, report.html, pictures and film', 'results')
    .option('--frames <dir>', "folder with the scene's input, where it takes one")
    .option('--json', 'print one JSON object as the last line')
    .action(async (name: string, options: RunArguments) => {
      ended(await runScene(name, options));
    });
  return program;
}
