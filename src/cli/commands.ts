/** Every command with its options and examples. Actions are loaded when they are asked for: `--help` stays quick. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Adds all commands to the program. */
export function addCommands(program: Command): void {
  addRun(program);
  const doctor = program
    .command('doctor')
    .description('what this host can and cannot do, each with the fix')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./doctor.ts')).doctor(options));
  examples(doctor, [
    'proofbox doctor',
    'proofbox doctor --json | jq \'.checks[] | select(.status != "ok")\'',
  ]);
  const fixtures = program
    .command('fixtures')
    .description('the fixtures there are')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./lists.ts')).fixtures(options));
  examples(fixtures, ['proofbox fixtures']);
  const engines = program
    .command('engines')
    .description('the engines there are')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./lists.ts')).engines(options));
  examples(engines, ['proofbox engines']);
  const image = program.command('image').description('the images cages are made from');
  const build = image
    .command('build')
    .description('builds the images, if their inputs changed')
    .option('--force', 'build again even if nothing changed')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./image.ts')).imageBuild(options));
  examples(build, ['proofbox image build', 'proofbox image build --force']);
  const prune = image
    .command('prune')
    .description('removes images of earlier inputs')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./image.ts')).imagePrune(options));
  examples(prune, ['proofbox image prune']);
  const report = program
    .command('report')
    .argument('<run-dir>', 'a run directory')
    .description('renders report.md again from report.json')
    .option('--json', 'print report.json instead')
    .action(async (directory, options) => (await import('./report.ts')).report(directory, options));
  examples(report, ['proofbox report runs/20260102T030405Z-0a1b2c3d > report.md']);
  const gc = program
    .command('gc')
    .description('removes what a killed run left behind')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./gc.ts')).gc(options));
  examples(gc, ['proofbox gc']);
}

function examples(command: Command, lines: string[], after = ''): void {
  const text = ['', 'Examples:', ...lines.map((line) => `  $ ${line}`), ...(after === '' ? [] : ['', after])];
  command.addHelpText('after', text.join('\n'));
}

function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('runs one engine on a copy of a fixture, in a cage, and leaves evidence with a verdict')
    .argument('<fixture>', 'a name under fixtures/, or a path to a folder that holds fixture.json')
    .argument('[program...]', 'for --engine command: the program and its arguments, after --')
    .addOption(
      new Option('--engine <name>', 'which engine').choices(['fake', 'command', 'case']).default('fake'),
    )
    .option('--out <dir>', 'the run directory (default: runs/<run-id>)')
    .option('--contract <file>', 'a JSON file that replaces what the fixture says, key by key')
    .option(
      '--forbid <[kind=]path>',
      'a host path that must be neither seen nor changed; repeatable',
      collect,
      [],
    )
    .option('--provider <mode>', 'the one way to a model; only "none" in this version', 'none')
    .option('--timeout <duration>', 'wall clock of the engine, such as 90s or 10m', duration)
    .option('--memory <size>', 'memory, swap included, such as 512m or 2g', size)
    .option('--cpus <number>', 'processors, such as 1.5', positive)
    .option('--pids <number>', 'processes and threads', whole)
    .option('--max-output <size>', 'bytes of output', size)
    .option('--max-workspace <size>', 'bytes on disk in workspace and artifacts', size)
    .option('--runtime <name>', 'a Docker runtime other than the default')
    .addOption(
      new Option('--record <what>', 'what the recorder writes down')
        .choices(['writes', 'reads'])
        .default('writes'),
    )
    .option('--json', 'print report.json on standard output and nothing else')
    .option('--quiet', 'no progress, only the verdict')
    .action(async (fixture, words, options) => (await import('./run.ts')).run(fixture, words, options));
  examples(
    command,
    [
      'proofbox run js-slugify',
      'proofbox run ./my-fixture --engine command -- python3 /workspace/tools/agent.py --fix',
      'proofbox run py-interval --forbid target_repository=~/src/product --record reads --json',
    ],
    'Exit codes: 0 passed, 1 failed, 2 invalid input, 3 blocked by a gate, 4 this host cannot, 130 interrupted',
  );
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** "1500ms", "90s", "10m", "2h" or bare seconds, as milliseconds. */
function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'];
  if (match?.[1] === undefined || unit === undefined)
    throw new InvalidArgumentError('give a duration such as 90s or 10m.');
  return Math.round(Number(match[1]) * unit);
}

/** "512m", "2g", "100k" or bare bytes; powers of 1024. */
function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg])?i?b?$/i.exec(text);
  if (match?.[1] === undefined) throw new InvalidArgumentError('give a size such as 512m or 2g.');
  const power = ['', 'k', 'm', 'g'].indexOf((match[2] ?? '').toLowerCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('give a number above 0.');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('give a whole number above 0.');
  return value;
}
