import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runPython, runShell, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

const host = join(space.dir, 'host');
mkdirSync(host);
const canary = join(host, 'canary');
writeFileSync(canary, 'untouched');
const ran = join(host, 'ran');

const MEND = `sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py`;
const RUN = `#!/bin/sh\\ntouch ${ran}\\n`;

/** Each plants something that a careless `git` on the host would run or follow. */
const GIT_TRAPS: [string, string][] = [
  [
    'hooks',
    `for h in pre-commit post-index-change reference-transaction fsmonitor-watchman; do printf '${RUN}' > .git/hooks/$h; chmod +x .git/hooks/$h; done`,
  ],
  ['fsmonitor', `printf '${RUN}' > .git/f; chmod +x .git/f; git config core.fsmonitor /workspace/.git/f`],
  [
    'external diff',
    `git config diff.external 'touch ${ran}'; echo '* diff=x' > .git/info/attributes; git config diff.x.command 'touch ${ran}'`,
  ],
  ['textconv', `git config diff.x.textconv 'touch ${ran}'; echo '* diff=x' > .git/info/attributes`],
  ['pager and editor', `git config core.pager 'touch ${ran}'; git config core.editor 'touch ${ran}'`],
  ['includes', `printf '[core]\\n\\tfsmonitor = touch ${ran}\\n' > .git/evil; git config include.path evil`],
  ['alternates', `mkdir -p .git/objects/info; echo ${host} > .git/objects/info/alternates`],
  ['a .git file', `rm -rf .git; echo 'gitdir: ${host}' > .git`],
  ['a .git link', `rm -rf .git; ln -s ${host} .git`],
  ['a .git FIFO', 'rm -rf .git; mkfifo .git'],
];

describe('nothing that an engine left runs, hangs, is followed or written on the host', () => {
  test.each(GIT_TRAPS)('git traps: %s', async (_, trap) => {
    const bundle = await runShell(space.dir, 'fail-no-diff', `${MEND}; ${trap}; true`);
    expect(existsSync(ran)).toBe(false);
    expect(readFileSync(canary, 'utf8')).toBe('untouched');
    expect(bundle.codes).toEqual([]);
    expect(await bundle.read('patch.diff')).toContain('counts.get(word, 0)');
  });

  test('attributes in the workspace: counted as a change, without effect on the patch', async () => {
    const bundle = await runShell(
      space.dir,
      'fail-no-diff',
      `${MEND}; echo '* -diff filter=x diff=x' > .gitattributes`,
    );
    expect(bundle.codes).toEqual(['disallowed_file']);
    expect(await bundle.read('patch.diff')).toContain('counts.get(word, 0)');
    expect(existsSync(ran)).toBe(false);
  });

  test.each([
    ['a FIFO', 'mkfifo pipe'],
    ['a socket', 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'sock\')"'],
    ['links in a loop', 'ln -s b a; ln -s a b; ln -s . self; ln -s .. up'],
    ['a link to the host', `ln -s ${canary} link; ln -s ${host} folder`],
    ['a name with a newline', 'printf x > "$(printf \'a\\nb\')"'],
    ['a name with an escape sequence', 'printf x > "$(printf \'\\033[31mred\')"'],
    ['a name that is not UTF-8', 'printf x > "$(printf \'\\377\\376\')"'],
    ['a name of a bidirectional mark', 'printf x > "$(printf \'\\342\\200\\256txt.exe\')"'],
    ['files nobody may read', 'mkdir dark; echo x > dark/x; chmod 000 dark/x dark'],
  ])('%s: disallowed_file, and the run ends', async (_, plant) => {
    const bundle = await runShell(space.dir, 'fail-no-diff', `${MEND}; ${plant}; true`);
    expect(bundle.codes).toEqual(['disallowed_file']);
    expect(bundle.report.recorder.coverage).toBe('complete');
    expect(readFileSync(canary, 'utf8')).toBe('untouched');
  });

  test('a sparse file of 1 TB is refused by the limit on sizes and never read', async () => {
    const bundle = await runShell(
      space.dir,
      'fail-no-diff',
      `${MEND}; truncate -s 1T sparse || true; truncate -s 1G sparse2`,
    );
    expect(bundle.report.status).toBe('failed');
    expect(bundle.codes).toContain('disallowed_file');
  });

  test('10,000 files: all digested, all explained by the recorder', async () => {
    const script = `
import os
os.system("${MEND.replaceAll('"', '\\"')}")
os.mkdir('counter/many')
for i in range(10000): open(f'counter/many/{i}.py', 'w').close()
`;
    const bundle = await runPython(space.dir, 'fail-no-diff', script);
    expect(bundle.codes).toEqual([]);
    expect(bundle.report.changed_files).toHaveLength(10_001);
  });

  test('1,000 folders deep', async () => {
    const script = `
import os
for i in range(1000): os.mkdir('d'); os.chdir('d')
open('bottom', 'w').close()
`;
    const bundle = await runPython(space.dir, 'fail-no-diff', script);
    expect(bundle.codes).toContain('disallowed_file');
    expect(bundle.report.changed_files.some((file) => file.path.endsWith('/d/bottom'))).toBe(true);
    expect(bundle.report.recorder.coverage).toBe('complete');
  });

  test('P10: tests that an engine makes pass by planting a module are not believed', async () => {
    const bundle = await runShell(
      space.dir,
      'fail-no-diff',
      'printf "import os, sys\\nos._exit(0)\\n" > unittest.py',
    );
    expect(bundle.codes).toContain('disallowed_file');
    expect(bundle.report.status).toBe('failed');
  });
});
