import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runShell, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** Something on the host that a followed link would reach. */
const host = join(space.dir, 'host');
mkdirSync(host);
const canary = join(host, 'canary');
writeFileSync(canary, 'untouched');

/** Mends the code, so that only the forgery can fail the run. */
const MEND = `sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py`;

const FORGERIES: [string, string][] = [
  ['a file report.json', 'echo \'{"status":"passed"}\' > /artifacts/report.json'],
  ['a folder writes.jsonl', 'mkdir -p /artifacts/writes.jsonl/x'],
  ['a link report.json to the host', `ln -s ${canary} /artifacts/report.json`],
  ['a link cage.json to nothing', 'ln -s /nowhere /artifacts/cage.json'],
  [
    'a hard link digests.json',
    'echo x > /artifacts/backend/y; ln /artifacts/backend/y /artifacts/digests.json',
  ],
  ['a FIFO patch.diff', 'mkfifo /artifacts/patch.diff'],
  [
    'a socket test.log',
    'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'/artifacts/test.log\')"',
  ],
  ['a sparse file trees.json of 1 TB', 'truncate -s 100M /artifacts/trees.json'],
  ['an unknown file', 'echo hello > /artifacts/hello'],
  ['a name that is not UTF-8', 'printf x > "$(printf \'/artifacts/\\377\')"'],
  [
    'backend replaced by a link to the host',
    `mv /artifacts/backend /artifacts/inputs/old; ln -s ${host} /artifacts/backend`,
  ],
  ['backend/stdout.log as a link to the host', `ln -s ${canary} /artifacts/backend/stdout.log`],
  ['backend/stderr.log as a FIFO', 'mkfifo /artifacts/backend/stderr.log'],
  [
    'inputs replaced by a link to the host',
    `mv /artifacts/inputs /artifacts/backend/old; ln -s ${host} /artifacts/inputs`,
  ],
  ['an added input', 'echo x > /artifacts/inputs/extra'],
  [
    'an altered contract among the inputs',
    'chmod u+w /artifacts/inputs/contract.json; echo "{}" > /artifacts/inputs/contract.json',
  ],
];

describe('forged evidence is caught, kept aside and never written through', () => {
  test.each(FORGERIES)('%s: forged_artifact', async (_, forge) => {
    const bundle = await runShell(space.dir, 'fail-no-diff', `${MEND}; ${forge}; true`);
    expect(bundle.report.status).toBe('failed');
    expect(bundle.codes).toContain('forged_artifact');
    expect(bundle.codes.filter((code) => code !== 'forged_artifact')).toEqual([]);
    expect(readFileSync(canary, 'utf8')).toBe('untouched');
    for (const name of [
      'report.json',
      'writes.jsonl',
      'cage.json',
      'digests.json',
      'patch.diff',
      'backend/stdout.log',
    ]) {
      const stat = lstatSync(join(bundle.artifacts, name));
      expect(stat.isFile(), name).toBe(true);
      expect(stat.nlink, name).toBe(1);
    }
    expect(JSON.parse(readFileSync(join(bundle.artifacts, 'report.json'), 'utf8'))).toMatchObject({
      status: 'failed',
    });
  });

  test('the control: the same engine without a forgery passes', async () => {
    const bundle = await runShell(space.dir, 'fail-no-diff', MEND);
    expect(bundle.codes).toEqual([]);
    expect(bundle.report.status).toBe('passed');
  });
});
