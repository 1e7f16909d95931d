import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enterRun } from '../../src/ledger/append.ts';
import { readChain } from '../../src/ledger/chain.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { proofbox, run, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

let sealed: string;
beforeAll(async () => {
  sealed = join((await run(space.dir, ['py-interval'])).artifacts, '..');
});

let next = 0;
/** A runs folder with copies of one sealed run, entered one after the other. */
async function ledgerOf(runs: number): Promise<{ folder: string; file: string }> {
  next += 1;
  const folder = join(space.dir, `runs-${next}`);
  const file = join(folder, 'ledger.jsonl');
  for (let n = 0; n < runs; n += 1) {
    cpSync(join(sealed, 'artifacts'), join(folder, `run-${n}/artifacts`), { recursive: true });
    await enterRun(file, join(folder, `run-${n}`));
  }
  return { folder, file };
}

const problemsOf = async (file: string, head: string | null = null) =>
  (await verifyLedger(file, head)).problems;

describe('the chain of runs', () => {
  test('a run in the runs folder is entered by itself, one with --out is not', async () => {
    const cwd = join(space.dir, 'cwd');
    mkdirSync(cwd);
    await proofbox(['run', 'py-interval', '--quiet'], { cwd });
    await proofbox(['run', 'js-slugify', '--quiet'], { cwd });
    await proofbox(['run', 'js-slugify', '--quiet', '--out', 'elsewhere'], { cwd });
    const { exitCode, stdout } = await proofbox(['ledger', 'verify', '--json'], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ holds: true, runs: 2, problems: [] });
    expect(exitCode).toBe(0);
  });

  test('a removed run, an altered one and one that was never entered show', async () => {
    const { folder, file } = await ledgerOf(3);
    expect(await problemsOf(file)).toEqual([]);
    rmSync(join(folder, 'run-0'), { recursive: true });
    appendFileSync(join(folder, 'run-1/artifacts/digests.json'), ' ');
    cpSync(join(sealed, 'artifacts'), join(folder, 'run-9/artifacts'), { recursive: true });
    expect(await problemsOf(file)).toEqual([
      expect.stringMatching(/was removed/),
      expect.stringMatching(/was altered/),
      expect.stringMatching(/"run-9" was never entered/),
    ]);
  });

  test('any byte altered, any line dropped, doubled or swapped shows', async () => {
    const { file } = await ledgerOf(4);
    const text = readFileSync(file, 'utf8');
    const lines = text.trimEnd().split('\n');
    const head = readChain(text).head;
    const whole = (all: string[]) => `${all.join('\n')}\n`;
    for (let at = 0; at < 4; at += 1) {
      const others = lines.filter((_, index) => index !== at);
      const doubled = [...lines.slice(0, at + 1), ...lines.slice(at)];
      for (const altered of [whole(others), whole(doubled)]) {
        writeFileSync(file, altered);
        expect(await problemsOf(file, head), altered).not.toEqual([]);
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const bytes = Buffer.from(text);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        writeFileSync(file, bytes);
        expect(await problemsOf(file, head)).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('an end that was cut off shows only to who kept the head: the threat model says so', async () => {
    const { folder, file } = await ledgerOf(2);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, text.indexOf('\n') + 1));
    rmSync(join(folder, 'run-1'), { recursive: true });
    expect(await problemsOf(file)).toEqual([]);
    expect(await problemsOf(file, readChain(text).head)).toEqual([expect.stringMatching(/is gone/)]);
  });
});

describe('concurrent runs and kills', () => {
  test('eight programs that enter forty runs at once leave one whole chain', async () => {
    const { folder, file } = await ledgerOf(0);
    for (let n = 0; n < 40; n += 1)
      cpSync(join(sealed, 'artifacts'), join(folder, `run-${n}/artifacts`), { recursive: true });
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let n = worker; n < 40; n += 8) {
          const { exitCode, stderr } = await proofbox([
            'ledger',
            'add',
            join(folder, `run-${n}`),
            '--ledger',
            file,
          ]);
          expect(exitCode, stderr).toBe(0);
        }
      }),
    );
    expect(await problemsOf(file)).toEqual([]);
    expect(readChain(readFileSync(file, 'utf8')).entries).toHaveLength(40);
  });

  test('what others write between two runs of one program is followed, and what they break is found', async () => {
    const { folder, file } = await ledgerOf(3);
    const { exitCode } = await proofbox(['ledger', 'add', join(folder, 'run-0'), '--ledger', file]);
    expect(exitCode).toBe(0);
    await enterRun(file, join(folder, 'run-1'));
    expect(await problemsOf(file)).toEqual([]);
    const text = readFileSync(file, 'utf8');
    expect(readChain(text).entries).toHaveLength(5);
    // As long as before, and not what this program left.
    writeFileSync(file, text.replace('"seq":5', '"seq":6'));
    await expect(enterRun(file, join(folder, 'run-2'))).rejects.toThrow(/is broken: line 5 has the number 6/);
    // The end is still the same: what happened before it is found by whoever verifies.
    writeFileSync(file, text.replace('"seq":2', '"seq":7'));
    await enterRun(file, join(folder, 'run-2'));
    expect(await problemsOf(file)).toContainEqual(expect.stringMatching(/line 2 has the number 7/));
    expect(readChain(readFileSync(file, 'utf8')).entries.at(-1)).toMatchObject({ seq: 6 });
  });

  test('a kill at any byte of a line costs that entry alone: the next goes on before it', async () => {
    const { folder, file } = await ledgerOf(2);
    const text = readFileSync(file, 'utf8');
    const first = text.indexOf('\n') + 1;
    for (let cut = first + 1; cut < text.length; cut += 29) {
      writeFileSync(file, text);
      truncateSync(file, cut);
      expect(await problemsOf(file)).toContainEqual(expect.stringMatching(/cut off/));
      await enterRun(file, join(folder, 'run-1'));
      expect(await problemsOf(file)).toEqual([]);
    }
  });

  test('programs killed with SIGKILL while they enter runs stop nobody else', async () => {
    const { folder, file } = await ledgerOf(1);
    cpSync(join(sealed, 'artifacts'), join(folder, 'run-1/artifacts'), { recursive: true });
    const main = join(PACKAGE_ROOT, 'dist/cli/main.js');
    for (let n = 0; n < 10; n += 1) {
      const child = spawn('node', [main, 'ledger', 'add', join(folder, 'run-1'), '--ledger', file], {
        stdio: 'ignore',
      });
      const over = once(child, 'exit');
      await new Promise((resolve) => setTimeout(resolve, 60 + 15 * n));
      child.kill('SIGKILL');
      await over;
    }
    await enterRun(file, join(folder, 'run-1'));
    expect(await problemsOf(file)).toEqual([]);
  });
});

describe('a ledger that cannot be written', () => {
  test.each([
    ['is a link', (file: string) => symlinkSync('/etc/hostname', file), 4],
    ['is a folder', (file: string) => mkdirSync(file), 4],
    ['is no ledger', (file: string) => writeFileSync(file, 'x\n'), 4],
  ])('%s: one sentence, exit 4, and the run stays sealed', async (_, make, code) => {
    next += 1;
    const folder = join(space.dir, `bad-${next}`);
    mkdirSync(folder);
    const file = join(folder, 'ledger.jsonl');
    make(file);
    const out = join(folder, 'run');
    const { exitCode, stderr } = await proofbox([
      'run',
      'py-interval',
      '--quiet',
      '--out',
      out,
      '--ledger',
      file,
    ]);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(/ledger/);
    expect((await proofbox(['verify', out])).exitCode).toBe(0);
  });
});
