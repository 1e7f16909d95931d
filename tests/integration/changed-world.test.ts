import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, Transform, Writable } from 'node:stream';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { removeContainer } from '../../src/cage/remove-container.ts';
import { engineByName } from '../../src/engines/index.ts';
import type { StepId } from '../../src/lane/progress.ts';
import type { RunRequest } from '../../src/lane/request.ts';
import type { Report } from '../../src/schema/report.ts';
import { lane } from './lane-runner.ts';
import { scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** An engine that mends the fixture, with enough time and writes for the world to change around it. */
const BUSY = [
  'python3',
  '-c',
  `
import os, time
open('/workspace/begun', 'w').close()
for n in range(3000):
    with open('/artifacts/backend/%d' % (n % 50), 'w') as f: f.write(str(n))
time.sleep(1.0)
os.unlink('/workspace/begun')
`,
];

async function busy(out: string, changes: Partial<RunRequest>): Promise<Report> {
  const { report } = await lane(space.dir, 'py-interval', {
    engine: engineByName('command'),
    commandArgv: BUSY,
    out: join(space.dir, out),
    ...changes,
  });
  return report;
}

function failed(report: Report): string[] {
  return report.proofs.filter(({ status }) => status === 'failed').map(({ id }) => id);
}

function codes(report: Report): string[] {
  return report.blockers.map(({ code }) => code);
}

/** Calls `act` once the engine is at work. */
async function atWork(out: string, act: () => unknown): Promise<void> {
  const begun = join(space.dir, out, 'workspace/begun');
  for (let n = 0; n < 600 && !existsSync(begun); n += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  if (!existsSync(begun)) throw new Error('the engine never began');
  await act();
}

/** Id of the container of the engine that is at work. */
async function engineContainer(docker: Docker): Promise<string> {
  const label = ['io.proofbox.role=engine', `io.proofbox.owner-pid=${process.pid}`];
  const [found] = await docker.listContainers({ filters: { label } });
  if (found === undefined) throw new Error('no engine is at work');
  return found.Id;
}

/** Calls `act` when a step of the run begins. */
function when(step: StepId, act: () => void): RunRequest['progress'] {
  return {
    start: (id) => {
      if (id === step) act();
    },
    note: () => undefined,
    end: () => undefined,
    close: async () => undefined,
  };
}

/** A client whose attach stream of the engine's container passes through `make()`. */
function behind(make: () => Transform): Docker {
  const docker = new Docker();
  const create = docker.createContainer.bind(docker);
  docker.createContainer = (async (body: Parameters<typeof create>[0]) => {
    const container = await create(body);
    if (body.Labels?.['io.proofbox.role'] !== 'engine') return container;
    const attach = container.attach.bind(container);
    container.attach = (async (options: object) => {
      const stream = (await attach(options)) as NodeJS.ReadWriteStream & { destroy(): void };
      const altered = make();
      stream.pipe(altered);
      // What the container says takes the detour; what it is told does not.
      return Duplex.from({
        readable: altered,
        writable: new Writable({
          write: (chunk, _, done) => void stream.write(chunk, () => done()),
          final: (done) => void stream.end(() => done()),
        }),
      }).on('close', () => stream.destroy());
    }) as typeof container.attach;
    return container;
  }) as typeof docker.createContainer;
  return docker;
}

/** Counts bytes and alters them from `from` on. */
function altering(from: number, alter: (chunk: Buffer, at: number) => Buffer): () => Transform {
  return () => {
    let seen = 0;
    // Standard input travels round it: only what the container says passes here.
    return new Transform({
      transform(chunk: Buffer, _, done) {
        const at = seen;
        seen += chunk.length;
        done(null, seen <= from ? chunk : alter(chunk, Math.max(0, from - at)));
      },
    });
  };
}

describe('the record on its way', () => {
  const LOSSES: [string, () => Transform][] = [
    ['is cut off', altering(120_000, (chunk, at) => chunk.subarray(0, at))],
    [
      'loses a byte',
      once(120_000, (chunk, at) => Buffer.concat([chunk.subarray(0, at), chunk.subarray(at + 1)])),
    ],
    ['has a byte altered', once(120_000, (chunk, at) => flip(chunk, at))],
    ['has a piece twice', once(120_000, (chunk) => Buffer.concat([chunk, chunk]))],
  ];

  test.each(LOSSES)('%s: the run fails, the record is not believed', async (name, make) => {
    const report = await busy(`stream-${name.replaceAll(' ', '-')}`, { docker: behind(make) });
    expect(report.status).toBe('failed');
    expect(failed(report)).toEqual(expect.arrayContaining(['recorder_coverage', 'allowed_writes']));
    expect(report.recorder.coverage).toBe('incomplete');
  });

  test('the control: the same detour without a loss passes every proof but the tests', async () => {
    const report = await busy('stream-control', { docker: behind(altering(120_000, (chunk) => chunk)) });
    expect(failed(report)).toEqual(['changes_allowed', 'tests']);
  });
});

describe('the world beside the cage', () => {
  test('R5: a file that somebody else writes into the workspace is unexplained_change', async () => {
    const done = atWork('intruder', () =>
      writeFileSync(join(space.dir, 'intruder/workspace/planted.py'), 'x = 1\n'),
    );
    const report = await busy('intruder', {});
    await done;
    expect(codes(report)).toContain('unexplained_change');
    expect(failed(report)).toContain('witnesses_agree');
  });

  test('R5: one that is gone again before the end was seen by the watcher alone', async () => {
    const path = join(space.dir, 'passing/workspace/src-passing.py');
    const done = atWork('passing', async () => {
      writeFileSync(path, 'x = 1\n');
      await new Promise((resolve) => setTimeout(resolve, 400));
      const { rmSync } = await import('node:fs');
      rmSync(path);
    });
    const report = await busy('passing', {});
    await done;
    expect(codes(report)).toContain('unexplained_change');
  });

  test('a container that is killed from outside leaves recorder_lost', async () => {
    const docker = new Docker();
    const done = atWork('killed', async () => docker.getContainer(await engineContainer(docker)).kill());
    const report = await busy('killed', {});
    await done;
    expect(report.status).toBe('failed');
    expect(codes(report)).toContain('recorder_lost');
  });

  test('a container that somebody else removes first is no trouble', async () => {
    const docker = new Docker();
    const done = atWork('removed', async () =>
      docker.getContainer(await engineContainer(docker)).remove({ force: true }),
    );
    const report = await busy('removed', {});
    await done;
    expect(report.status).toBe('failed');
    expect(codes(report)).toContain('recorder_lost');
  });

  test('a container that cannot be removed fails the freshness proof and costs no evidence', async () => {
    const docker = new Docker();
    const { DockerRootDir: root } = (await docker.info()) as { DockerRootDir: string };
    let id = '';
    let pinned = '';
    const done = atWork('stays', async () => {
      id = await engineContainer(docker);
      pinned = join(root, 'containers', id, 'pinned');
      writeFileSync(pinned, '');
      await execa('chattr', ['+i', pinned]);
    });
    try {
      const report = await busy('stays', {});
      await done;
      expect(failed(report)).toContain('freshness');
      expect(report.recorder.coverage).toBe('complete');
    } finally {
      await execa('chattr', ['-i', pinned]);
      await removeContainer(docker, id);
    }
  });

  test.each([
    ['back an hour', -3_600_000],
    ['back two minutes', -120_000],
    ['ahead an hour', 3_600_000],
  ])('a clock that is set %s while the engine is at work fails the freshness proof', async (name, by) => {
    const out = `clock-${name.replaceAll(' ', '-')}`;
    const real = Date.now;
    // The harness's own clock alone: the container engine keeps the true time.
    const done = atWork(out, () =>
      vi.useFakeTimers({ now: real() + by, toFake: ['Date'], shouldAdvanceTime: true }),
    );
    try {
      const report = await busy(out, {});
      await done;
      expect(report.status).toBe('failed');
      expect(failed(report)).toContain('freshness');
      expect(report.recorder.coverage).toBe('complete');
    } finally {
      vi.useRealTimers();
    }
  });

  test('a record that is older than the run fails the freshness proof', async () => {
    const spool = join(space.dir, 'stale/.spool');
    const report = await busy('stale', {
      progress: when('collect', () => {
        for (const name of readdirSync(spool))
          if (name.startsWith('engine.writes')) utimesSync(join(spool, name), 1e9, 1e9);
      }),
    });
    expect(failed(report)).toContain('freshness');
  });
});

function flip(chunk: Buffer, at: number): Buffer {
  const altered = Buffer.from(chunk);
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}

/** Alters one chunk, the first that passes `from`. */
function once(from: number, alter: (chunk: Buffer, at: number) => Buffer): () => Transform {
  return () => {
    let isDone = false;
    return altering(from, (chunk, at) => {
      if (isDone) return chunk;
      isDone = true;
      return alter(chunk, at);
    })();
  };
}
