/** Every command with its options and examples. Actions are loaded when they are asked for: `--help` stays quick. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_ENGINE } from '../engines/default.ts';
import { addNatsOptions } from './nats.ts';

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
    .option('--locked', 'fail where a package is not of the version in images/packages.lock.json')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./image.ts')).imageBuild(options));
  examples(build, ['proofbox image build', 'proofbox image build --force --locked']);
  const lock = image
    .command('lock')
    .description(
      "builds from Debian's newest packages and writes their versions into images/packages.lock.json",
    )
    .action(async () => (await import('./image.ts')).imageLock());
  examples(lock, ['proofbox image lock']);
  const prune = image
    .command('prune')
    .description('removes images of earlier inputs')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./image.ts')).imagePrune(options));
  examples(prune, ['proofbox image prune']);
  addVerify(program);
  const report = program
    .command('report')
    .argument('<run-dir>', 'a run directory')
    .description('makes report.md again from the evidence')
    .option('--html', 'report.html instead')
    .option('--junit <file>', 'also write JUnit XML, each proof a test case')
    .option('--sarif <file>', 'also write SARIF 2.1.0, each blocker a result')
    .option('--json', 'report.json instead')
    .action(async (directory, options) => (await import('./report.ts')).report(directory, options));
  examples(report, [
    'proofbox report runs/20260102T030405Z-0a1b2c3d > report.md',
    'proofbox report --html runs/20260102T030405Z-0a1b2c3d > report.html',
  ]);
  const keygen = program
    .command('keygen')
    .description('makes a key pair for signing runs')
    .option('--out <file>', 'the private key; the public one gets .pub behind it', 'proofbox.key')
    .addOption(
      new Option('--type <type>', 'kind of key').choices(['ed25519', 'ecdsa-p256']).default('ed25519'),
    )
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./keygen.ts')).keygen(options));
  examples(keygen, ['proofbox keygen', 'proofbox keygen --out team.key --type ecdsa-p256']);
  addLedger(program);
  addValidate(program);
  addBatch(program);
  addWorker(program);
  addFleet(program);
  const health = program
    .command('health')
    .description('doctor, planning documents, stage 1 and the default lane on every fixture')
    .option('--runtime <name>', 'a Docker runtime other than the default')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./health.ts')).health(options));
  examples(health, ['proofbox health', 'proofbox health --json | jq .healthy']);
  const gc = program
    .command('gc')
    .argument('[run-dir...]', 'run directories outside the runs folder')
    .description('removes what killed runs left behind, and seals what they had recorded as interrupted')
    .option('--sign <key>', 'sign what is sealed with this private key')
    .option('--json', 'print one JSON document')
    .action(async (directories, options) => (await import('./gc.ts')).gc(directories, options));
  examples(gc, ['proofbox gc', 'proofbox gc --sign team.key ./elsewhere/run']);
}

function examples(command: Command, lines: string[], after = ''): void {
  const text = ['', 'Examples:', ...lines.map((line) => `  $ ${line}`), ...(after === '' ? [] : ['', after])];
  command.addHelpText('after', text.join('\n'));
}

function addLedger(program: Command): void {
  const ledger = program.command('ledger').description('the chain of all runs, in runs/ledger.jsonl');
  const verify = ledger
    .command('verify')
    .description('shows whether a run was removed, altered or never entered')
    .option('--ledger <file>', 'another ledger than that of the runs folder')
    .option('--head <digest>', 'a line that must stand in it, as an earlier verify showed it')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./ledger.ts')).ledgerVerify(options));
  examples(verify, ['proofbox ledger verify', 'proofbox ledger verify --head sha256:0a1b…']);
  const add = ledger
    .command('add')
    .argument('<run-dir>', 'a sealed run')
    .description('enters a run that was killed before its entry')
    .option('--ledger <file>', 'another ledger than that of the runs folder')
    .option('--json', 'print the entry as JSON')
    .action(async (directory, options) => (await import('./ledger.ts')).ledgerAdd(directory, options));
  examples(add, ['proofbox ledger add runs/20260102T030405Z-0a1b2c3d']);
}

function addValidate(program: Command): void {
  const validate = program.command('validate').description('the validators');
  const prd = validate
    .command('prd')
    .description('holds the planning documents in docs/prd against the code')
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./validate.ts')).validatePrd(options));
  examples(prd, ['proofbox validate prd', 'proofbox validate prd --json']);
  const stage1 = validate
    .command('stage1')
    .description('proves the cage on this host before any untrusted engine runs in it')
    .option('--valid-for <duration>', 'how long it counts', duration, 24 * 3_600_000)
    .option('--runtime <name>', 'a Docker runtime other than the default')
    .option('--json', 'print stage1.json')
    .action(async (options) => (await import('./validate.ts')).validateStage1(options));
  examples(stage1, ['proofbox validate stage1', 'proofbox validate stage1 --valid-for 12h --json']);
  const withCase = (command: Command) =>
    command
      .option('--case-source <dir>', 'a git checkout of the engine case; its last commit is run')
      .option('--case-model <name>', 'the model that the engine case asks for')
      .option(
        '--provider <mode>',
        'the model of the passing lane: scripted, an address or replay:FILE',
        'scripted',
      )
      .option('--runtime <name>', 'a Docker runtime other than the default')
      .option('--json', 'print stage2.json');
  const stage2 = withCase(validate.command('stage2'))
    .description(
      'stage 1, the engine case on artificial fixtures, and every requirement against the evidence',
    )
    .action(async (options) =>
      (await import('./validate.ts')).validateStage2({ ...options, jsonCommands: jsonCommands(program) }),
    );
  examples(stage2, [
    'CTO_HARNESS_ALLOW_CASE=1 CTO_HARNESS_CASE_STAGE=2 proofbox validate stage2 --case-source ~/src/case',
  ]);
  const all = withCase(validate.command('all'))
    .description('prd, stage1 and stage2')
    .action(async (options) =>
      (await import('./validate.ts')).validateAll({ ...options, jsonCommands: jsonCommands(program) }),
    );
  examples(all, [
    'CTO_HARNESS_ALLOW_CASE=1 CTO_HARNESS_CASE_STAGE=2 proofbox validate all --case-source ~/src/case',
  ]);
}

/** Every command that takes --json, by its words. */
function jsonCommands(command: Command, words: string[] = []): string[] {
  const own = command.options.some(({ long }) => long === '--json') ? [words.join(' ')] : [];
  return [...own, ...command.commands.flatMap((one) => jsonCommands(one, [...words, one.name()]))];
}

function addVerify(program: Command): void {
  const verify = program
    .command('verify')
    .argument('<run-dir>', 'a run directory')
    .description('checks a bundle from its files alone: no Docker, no network, no trust in its report')
    .option('--fixture <dir>', 'the fixture, or its workspace, where it is not one of those shipped here')
    .option('--key <pub>', 'the public key that must have signed the run')
    .option('--require-pass', 'exit 1 also where the bundle holds and its verdict is not "passed"')
    .option('--json', 'print one JSON document')
    .action(async (directory, options) => (await import('./verify.ts')).verify(directory, options));
  examples(
    verify,
    [
      'proofbox verify runs/20260102T030405Z-0a1b2c3d',
      'proofbox verify ./from-somebody --key their.pub --fixture ./their-fixture --require-pass',
    ],
    'Exit codes: 0 the bundle holds (whatever its verdict), 1 it does not, 2 there is no bundle',
  );
}

function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('runs one engine on a copy of a fixture, in a cage, and leaves evidence with a verdict')
    .argument('<fixture>', 'a name under fixtures/, or a path to a folder that holds fixture.json')
    .argument('[program...]', 'for --engine command: the program and its arguments, after --')
    .addOption(
      new Option('--engine <name>', 'which engine')
        .choices(['fake', 'command', 'case'])
        .default(DEFAULT_ENGINE),
    )
    .option('--out <dir>', 'the run directory (default: runs/<run-id>)')
    .option('--contract <file>', 'a JSON file that replaces what the fixture says, key by key')
    .option(
      '--forbid <[kind=]path>',
      'a host path that must be neither seen nor changed; repeatable',
      collect,
      [],
    )
    .option(
      '--provider <mode>',
      'the one way to a model: none, an address, record:FILE=ADDRESS, replay:FILE or scripted',
      'none',
    )
    .option(
      '--npm <package@version>',
      'for --engine command: an npm package in the cage; repeatable',
      collect,
      [],
    )
    .option('--case-source <dir>', 'a git checkout of the engine case; its last commit is run')
    .option('--case-model <name>', 'the model that the engine case asks for')
    .option('--timeout <duration>', 'wall clock of the engine, such as 90s or 10m', duration)
    .option('--memory <size>', 'memory, swap included, such as 512m or 2g', size)
    .option('--cpus <number>', 'processors, such as 1.5', positive)
    .option('--pids <number>', 'processes and threads', whole)
    .option('--max-output <size>', 'bytes of output', size)
    .option('--max-workspace <size>', 'bytes on disk in workspace and artifacts', size)
    .option('--runtime <name>', 'a Docker runtime other than the default')
    .option(
      '--allow-degraded',
      'start the engine even where the runtime cannot host the recorder; such a run never passes',
    )
    .addOption(
      new Option('--record <what>', 'what the recorder writes down')
        .choices(['writes', 'reads'])
        .default('writes'),
    )
    .option('--sign <key>', 'sign the run with this private key (see proofbox keygen)')
    .option('--junit <file>', 'also write JUnit XML, each proof a test case')
    .option('--sarif <file>', 'also write SARIF 2.1.0, each blocker a result')
    .option('--ledger <file>', 'enter the run here (default: runs/ledger.jsonl; none with --out)')
    .option('--json', 'print report.json on standard output and nothing else')
    .option('--quiet', 'no progress, only the verdict')
    .action(async (fixture, words, options) =>
      (await import('./run-ahead.ts')).runAhead(fixture, words, options),
    );
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

function addBatch(program: Command): void {
  const command = program
    .command('batch')
    .argument('<manifest>', 'which fixtures with which engines, and how often (schema proofbox.batch/v1)')
    .description(
      'makes many runs, so many at once, and a summary; the same command goes on where it was stopped',
    )
    .option('--out <dir>', 'the folder of the batch (default: runs/batch-<digest of the manifest>)')
    .option('--concurrency <number>', 'runs at once', whole)
    .option('--fail-fast', 'start no further run once one did not pass')
    .option('--keep-going', 'make every run, whatever the manifest says')
    .option('--forbid <[kind=]path>', 'a path that no engine may see or change; repeatable', collect, [])
    .option('--runtime <name>', 'a Docker runtime other than the default')
    .option('--sign <key>', 'sign every run with this private key (see proofbox keygen)')
    .option('--json', 'print batch.json on standard output and nothing else')
    .option('--quiet', 'no progress, only the summary');
  addNatsOptions(command, 'have the runs made by the workers of a fleet: its NATS servers')
    .option('--admit-worker <pub>', 'with --nats: a public key whose answers count; repeatable', collect, [])
    .option('--pool <name>', 'with --nats: which workers, by their label pool', 'main')
    .option('--arch <name>', 'with --nats: architecture of the workers, such as amd64', 'any')
    .option('--join <batch>', 'with --nats: a batch that was begun in another folder, by its 32 hex digits')
    .option('--max-bundle <size>', 'with --nats: what one bundle may have', size)
    .option('--keep-bundles', 'with --nats: leave them in the object store when they have been counted')
    .action(async (manifest, options) => (await import('./batch.ts')).batch(manifest, options));
  examples(
    command,
    [
      'proofbox batch nightly.json',
      'proofbox batch nightly.json --concurrency 4 --fail-fast --json',
      'proofbox batch nightly.json --nats tls://nats.example:4222 --nats-nkey batch.seed --admit-worker alpha.pub --admit-worker beta.pub',
    ],
    'Exit code: that of the worst run (0 passed, 3 blocked, 1 failed, 4 this host could not, 130 interrupted)',
  );
}

function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description(
      'makes runs that batches elsewhere ask for, until it is told to stop: once to drain, twice at once',
    );
  addNatsOptions(command)
    .option('--sign <key>', 'signs every run; batches admit its public key')
    .option('--concurrency <number>', 'runs at once (default: the number of processors)', whole)
    .option(
      '--label <name=value>',
      'pool=NAME sets workers apart; others are shown in the status; repeatable',
      collect,
      [],
    )
    .option('--name <name>', 'what it calls itself (default: the host name)')
    .option('--runs <dir>', 'where runs lie while they are made (default: the runs folder)')
    .option('--runtime <name>', 'takes runs for this Docker runtime, and no others')
    .option(
      '--forbid <[kind=]path>',
      'a path of this host that no engine may see or change; repeatable',
      collect,
      [],
    )
    .option(
      '--allow-provider <url>',
      'an address to which PROOFBOX_PROVIDER_KEY may be sent; repeatable',
      collect,
      [],
    )
    .option('--quiet', 'only errors')
    .action(async (options) => (await import('./worker.ts')).worker(options));
  examples(
    command,
    [
      'proofbox worker --nats nats://127.0.0.1:4222 --sign alpha.key',
      'proofbox worker --nats tls://nats.example:4222 --nats-nkey worker.seed --sign alpha.key --concurrency 4 --label pool=nightly',
    ],
    'Exit codes: 0 drained, 2 usage, 4 no Docker or no NATS, 130 stopped at once',
  );
}

function addFleet(program: Command): void {
  const fleet = program.command('fleet').description('many Docker hosts behind one queue');
  const init = fleet
    .command('init')
    .description('makes queue and stores on a NATS; whatever is there stays as it is');
  addNatsOptions(init)
    .option('--replicas <number>', 'copies of everything (default: 3 in a cluster, else 1)', whole)
    .option(
      '--ack-wait <duration>',
      'a worker that is silent about a run for this long has lost it',
      duration,
    )
    .option('--max-deliver <number>', 'how often a run is handed out before it is given up', whole)
    .option('--bundle-store <size>', 'what bundles may occupy until batches have taken them', size)
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./fleet.ts')).fleetInit(options));
  examples(init, ['proofbox fleet init --nats nats://127.0.0.1:4222 --bundle-store 20g']);
  const status = fleet.command('status').description('workers, queues, dead letters and what is stored');
  addNatsOptions(status)
    .option('--json', 'print one JSON document')
    .action(async (options) => (await import('./fleet.ts')).fleetStatusCommand(options));
  examples(status, [
    'proofbox fleet status --nats nats://127.0.0.1:4222',
    'proofbox fleet status --nats nats://127.0.0.1:4222 --json | jq .queues',
  ]);
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
