import { execFileSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verification } from '../../src/verify/bundle.ts';
import { secondOpinion } from '../integration/both-verifiers.ts';
import { scratch } from '../integration/product.ts';
import { failedChecks, makeSamples, SAMPLE_NAMES, type Sample, type SampleName, verify } from './samples.ts';

const space = await scratch();
afterAll(() => space.remove());

let samples: Record<SampleName, Sample>;
beforeAll(async () => {
  samples = await makeSamples(space.dir);
}, 60_000);

/** Regular files below a folder, names as bytes, so that odd ones are there too. */
function regular(dir: Buffer): Buffer[] {
  return readdirSync(dir, { encoding: 'buffer' }).flatMap((name) => {
    const path = Buffer.concat([dir, Buffer.from('/'), name]);
    const stat = lstatSync(path);
    return stat.isDirectory() ? regular(path) : stat.isFile() ? [path] : [];
  });
}

/** Names the failure must name: the file as verify prints it. */
function isNamed({ checks }: Verification, dir: string, path: Buffer): boolean {
  const plain = path.subarray(dir.length + 1);
  const text = plain.toString('utf8').replace(/^artifacts\//, '');
  return checks.some(
    ({ status, files }) =>
      status === 'failed' &&
      files.some((file) => file === text || (text.includes('\ufffd') && file.startsWith('backend/'))),
  );
}

type Alter = (bytes: Buffer, at: number) => Buffer;
const lines =
  (alter: (all: string[], at: number) => string[]): Alter =>
  (bytes, at) => {
    const all = bytes.toString('latin1').split(/(?<=\n)/);
    return Buffer.from(alter(all, Math.floor(at * all.length)).join(''), 'latin1');
  };
const ALTERATIONS: Record<string, Alter> = {
  'flip a bit': (bytes, at) => {
    const altered = Buffer.from(bytes);
    const where = Math.floor(at * bytes.length);
    altered[where] = (altered[where] ?? 0) ^ (1 << (where % 8));
    return altered;
  },
  'drop a line': lines((all, at) => all.filter((_, index) => index !== at)),
  'double a line': lines((all, at) => [...all.slice(0, at + 1), ...all.slice(at)]),
  'swap two lines': lines((all, at) => {
    const next = (at + 1) % all.length;
    return all.map((line, index) =>
      index === at ? (all[next] ?? '') : index === next ? (all[at] ?? '') : line,
    );
  }),
  'cut the end': (bytes, at) => bytes.subarray(0, Math.floor(at * bytes.length)),
  'add a byte': (bytes, at) => {
    const where = Math.floor(at * bytes.length);
    return Buffer.concat([bytes.subarray(0, where), Buffer.from([10]), bytes.subarray(where)]);
  },
  'add a space to the end': (bytes) => Buffer.concat([bytes, Buffer.from(' ')]),
};

describe.each(SAMPLE_NAMES)('P8 R10: the %s bundle', (name) => {
  test('the control: as it is, it holds', async () => {
    const result = await verify(samples[name]);
    expect(failedChecks(result)).toEqual([]);
    expect(result.holds).toBe(true);
  });

  test('any byte or line altered in any file fails, and the file is named', async () => {
    const { dir } = samples[name];
    const files = regular(Buffer.from(dir));
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.constantFrom(...Object.keys(ALTERATIONS)),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (path, kind, at) => {
          const bytes = readFileSync(path);
          const altered = ALTERATIONS[kind]?.(bytes, at) ?? bytes;
          if (altered.equals(bytes)) return;
          tried += 1;
          writeFileSync(path, altered);
          try {
            const result = await verify(samples[name]);
            expect(result.holds, `${kind} in ${path}`).toBe(false);
            expect(isNamed(result, dir, path), `${kind} in ${path}: ${JSON.stringify(result.checks)}`).toBe(
              true,
            );
          } finally {
            writeFileSync(path, bytes);
          }
        },
      ),
      { numRuns: Number(process.env.PROOFBOX_MUTATIONS ?? 400) },
    );
    expect(tried).toBeGreaterThan(50);
  }, 120_000);

  test('the second verifier, in Python, refuses what is altered too', async () => {
    const { dir } = samples[name];
    expect(await secondOpinion(dir)).toMatchObject({ holds: true });
    const files = regular(Buffer.from(join(dir, 'artifacts')));
    for (const [index, path] of files.entries()) {
      const bytes = readFileSync(path);
      const kinds = Object.values(ALTERATIONS);
      const altered = kinds[index % kinds.length]?.(bytes, 0.6) ?? bytes;
      if (altered.equals(bytes)) continue;
      writeFileSync(path, altered);
      expect(await secondOpinion(dir), `${path}`).toMatchObject({ holds: false });
      writeFileSync(path, bytes);
    }
  });

  test('any file removed, or replaced by a link to its own content, a folder or a FIFO, fails', async () => {
    const { dir } = samples[name];
    const aside = join(space.dir, 'aside');
    for (const path of regular(Buffer.from(join(dir, 'artifacts')))) {
      renameSync(path, aside);
      const replacements: (() => void)[] = [
        () => undefined,
        () => symlinkSync(aside, path),
        () => mkdirSync(path),
        () => execFileSync('mkfifo', ['--', path.toString('latin1')].slice(path.includes(0xff) ? 2 : 0)),
      ];
      for (const replace of path.includes(0xff) ? replacements.slice(0, 3) : replacements) {
        replace();
        const result = await verify(samples[name]);
        expect(result.holds, path.toString()).toBe(false);
        expect(isNamed(result, dir, path), `${path}: ${JSON.stringify(result.checks)}`).toBe(true);
        rmSync(path, { recursive: true, force: true });
      }
      renameSync(aside, path);
    }
    expect((await verify(samples[name])).holds).toBe(true);
  }, 120_000);

  test('a folder that nobody knows fails, be it empty', async () => {
    for (const [added, check] of [
      ['extra', 'layout'],
      ['baseline', 'baseline'],
      ['artifacts/extra', 'layout'],
    ] as const) {
      const path = join(samples[name].dir, added);
      mkdirSync(path);
      const result = await verify(samples[name]);
      rmSync(path, { recursive: true });
      expect(failedChecks(result), added).toEqual([check]);
    }
  });

  test.each([
    'artifacts/extra',
    'artifacts/backend/extra',
    'artifacts/inputs/extra',
    'extra',
    'workspace/extra',
  ])('a file added as %s fails', async (added) => {
    const path = join(samples[name].dir, added);
    writeFileSync(path, 'x');
    const result = await verify(samples[name]);
    rmSync(path);
    expect(result.holds).toBe(false);
    expect(
      isNamed(result, samples[name].dir, Buffer.from(path)) || isNamed(result, '', Buffer.from(`/${added}`)),
    ).toBe(true);
  });

  test('every envelope of another signed bundle fails', async () => {
    const other = samples[name === 'signed' ? 'hostile' : 'signed'].dir;
    for (const file of ['attestation.dsse.json', 'provenance.dsse.json', 'runtime-trace.dsse.json']) {
      const path = join(samples[name].dir, 'artifacts', file);
      const own = samples[name].key === null ? null : readFileSync(path);
      cpSync(join(other, 'artifacts', file), path);
      const result = await verify(samples[name]);
      if (own === null) rmSync(path);
      else writeFileSync(path, own);
      expect(result.checks.find(({ id }) => id === 'signature')).toMatchObject({
        status: 'failed',
        files: [file],
      });
    }
  });
});
