import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { searchCopiedFiles } from '../../src/forbidden/copied-files.ts';
import type { GuardedRoot } from '../../src/forbidden/roots.ts';
import { searchExposure } from '../../src/forbidden/search.ts';

const dir = mkdtempSync(join(tmpdir(), 'proofbox-search-'));
afterAll(() => rmSync(dir, { recursive: true }));

const PATH = '/srv/länder/target repo';
const ROOT: GuardedRoot = {
  kind: 'target_repository',
  path: '/link/to-target',
  resolved: PATH,
  mode: 'metadata',
};
const FROM = ['/srv/runs/r1'];

function encodings(text: string, root = ROOT): string[] {
  return searchExposure(root, { contract: text }, FROM).map(({ encoding }) => encoding);
}

describe('P7, R7: a forbidden path is found in every spelling', () => {
  test.each([
    ['as given', 'see /link/to-target/x', 'plain'],
    ['resolved', `cd '${PATH}'`, 'resolved'],
    ['with a slash at its end', `${PATH}/`, 'resolved'],
    ['glued to a flag', `-I${PATH}`, 'resolved'],
    ['relative to the run', 'cat ../../länder/target repo/a', 'relative'],
    ['url-encoded', `file://${encodeURI(PATH)}`, 'url'],
    ['url-encoded with its slashes, in small hex', encodeURIComponent(PATH).toLowerCase(), 'url'],
    ['JSON-encoded', JSON.stringify({ cwd: PATH }).replaceAll('/', '\\/'), 'json'],
    ['JSON in JSON', JSON.stringify(JSON.stringify(PATH)), 'resolved'],
    [
      'as \\u escapes',
      [...PATH].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
      'json',
    ],
  ])('%s', (_, text, encoding) => {
    expect(encodings(text)).toContain(encoding);
  });

  test('base64 of any text that holds it, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (before, after) => {
        const text = Buffer.from(`${before}${PATH}${after}`).toString('base64');
        expect(encodings(`{"blob":"${text}"}`)).toContain('base64');
      }),
    );
  });

  test.each([
    ['a neighbour that begins alike', `${PATH}-old`],
    ['a longer name', `${PATH}2/src`],
    ['another folder', '/srv/other'],
    ['nothing', ''],
  ])('but not %s', (_, text) => {
    expect(encodings(text)).toEqual([]);
  });
});

describe('R6: the copied files are searched too', () => {
  test('content, names and link targets; a clean tree gives nothing', async () => {
    const folder = join(dir, 'work');
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'src/a.js'), 'export const x = 1;\n');
    expect(await searchCopiedFiles([ROOT], folder, FROM)).toEqual([]);

    writeFileSync(join(folder, 'src/b.json'), JSON.stringify({ repo: PATH }));
    symlinkSync('../../länder/target repo/secret', join(folder, 'src/c'));
    const found = await searchCopiedFiles([ROOT], folder, FROM);
    expect(found.map(({ where, at }) => `${where} ${at}`).sort()).toEqual([
      'workspace "src/b.json"',
      'workspace "src/c"',
    ]);
  });
});
