import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { checkPrd, ISSUES_FILE, PRD_FILE } from '../../src/prd/check.ts';
import { testTitles } from '../../src/prd/titles.ts';
import { type PrdCheck, REQUIREMENT_IDS } from '../../src/schema/prd.ts';
import { proofbox, scratch } from '../integration/product.ts';
import { validator } from '../schema/validator.ts';

const space = await scratch();
afterAll(() => space.remove());

/** The check of a copy of the documents and the tests, after `alter` had its way with it. */
async function checkAfter(alter: (root: string) => void): Promise<PrdCheck> {
  const root = mkdtempSync(join(space.dir, 'checkout-'));
  for (const folder of ['docs/prd', 'tests'])
    cpSync(join(PACKAGE_ROOT, folder), join(root, folder), {
      recursive: true,
      filter: (path) => !path.includes('tests/verify/v1'),
    });
  alter(root);
  const check = await checkPrd(root);
  rmSync(root, { recursive: true });
  return check;
}

const edit = (file: string, from: string | RegExp, to: string) => (root: string) => {
  const path = join(root, file);
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold ${from}`);
  writeFileSync(path, changed);
};
const unproven = ({ requirements }: PrdCheck) =>
  requirements.filter(({ status }) => status === 'unproven').map(({ id }) => id);

describe('P11: proofbox validate prd', () => {
  test('holds, with every id, and prints JSON that keeps its schema', async () => {
    const { exitCode, stdout } = await proofbox(['validate', 'prd', '--json']);
    const check = JSON.parse(stdout) as PrdCheck;
    expect(check.documents.flatMap(({ problems }) => problems)).toEqual([]);
    expect(check.requirements.flatMap(({ problems }) => problems)).toEqual([]);
    expect(check.passed).toBe(true);
    expect(check.requirements.map(({ id }) => id)).toEqual(REQUIREMENT_IDS);
    expect(exitCode).toBe(0);
    const validate = validator('prd-check');
    expect(validate(check) || validate.errors).toBe(true);
  });

  test('the control: a copy of the checkout holds', async () => {
    expect(await checkAfter(() => undefined)).toMatchObject({ passed: true });
  });

  const P4 = "'P4 R8: every writable folder lies in /workspace or /artifacts'";
  test.each<[string, (root: string) => void, string[]]>([
    ['a test deleted', edit('tests/integration/cage.test.ts', P4, "'another'"), ['P4', 'R8']],
    [
      'a test commented out',
      edit('tests/integration/cage.test.ts', `test(${P4}`, `// test(${P4}`),
      ['P4', 'R8'],
    ],
    ['a test skipped', edit('tests/integration/cage.test.ts', `test(${P4}`, `test.skip(${P4}`), ['P4', 'R8']],
    ['a test file removed', (root) => rmSync(join(root, 'tests/stage1/stage1.test.ts')), ['P2']],
    ['an id left out', edit(PRD_FILE, '  - id: P9\n', '  - id: P8\n'), ['P9']],
    ['a section left out', edit(PRD_FILE, '### R13\n', ''), ['R13']],
    [
      'a test that does not name the id',
      edit(PRD_FILE, /(- id: P5\n[\s\S]*?name: )'[^']*'/, "$1'R10: every artifact is there'"),
      ['P5'],
    ],
    ['neither proof nor blocker', edit(PRD_FILE, /(- id: P5\n.*\n) {4}blockers: .*\n/, '$1'), ['P5']],
    ['an id in no slice', edit(ISSUES_FILE, 'R15, R16', 'R15'), ['R16']],
  ])('%s: it fails, and says which id', async (_, alter, ids) => {
    const check = await checkAfter(alter);
    expect(check.passed).toBe(false);
    expect(unproven(check)).toEqual(ids);
  });

  test.each<[string, (root: string) => void, RegExp]>([
    ['a proof that nobody knows', edit(PRD_FILE, 'cage_mounts', 'cage_walls'), /breaks its schema/],
    ['a blocker that nobody knows', edit(PRD_FILE, 'stage1_missing', 'stage1_lost'), /breaks its schema/],
    ['no front matter', edit(PRD_FILE, '---\n', ''), /no front matter/],
    ['front matter that is no YAML', edit(PRD_FILE, 'requirements:', 'requirements: ['), /does not parse/],
    ['an unknown id', edit(PRD_FILE, '  - id: P9\n', '  - id: P99\n'), /names P99, which is no requirement/],
    ['an id twice', edit(PRD_FILE, '  - id: P9\n', '  - id: P8\n'), /names P8 twice/],
    ['the document removed', (root) => rmSync(join(root, PRD_FILE)), /does not exist/],
    ['the issues removed', (root) => rmSync(join(root, ISSUES_FILE)), /does not exist/],
    ['a slice of another document', edit(ISSUES_FILE, 'prd: stage2', 'prd: stage3'), /slices stage3/],
    [
      'a slice that waits for a later one',
      edit(ISSUES_FILE, 'CTO-WORK-010]', 'CTO-WORK-012]'),
      /comes later/,
    ],
  ])('%s: it fails, and says where', async (_, alter, message) => {
    const check = await checkAfter(alter);
    expect(check.passed).toBe(false);
    expect(check.documents.flatMap(({ problems }) => problems).join('\n')).toMatch(message);
  });
});

test('titles are found as they stand in the code, and nowhere else', async () => {
  const file = join(space.dir, 'sample.test.ts');
  writeFileSync(
    file,
    [
      "test('plain', () => undefined);",
      "describe('it\\'s quoted', () => {",
      "  test.each([['a', (b)]])('of a table', () => undefined);",
      '  it("double", async () => undefined);',
      '  test(`back`, () => undefined);',
      "  test.each<[string, number]>([\n    ['x', 1],\n  ])(\n    'on its own line',\n    () => undefined);",
      '});',
      "// test('commented', () => undefined);",
      "/* test('in a block', () => undefined); */",
      "call('no test');",
      "const text = 'test(';",
    ].join('\n'),
  );
  const titles = await testTitles(file);
  expect(titles?.names).toEqual(['plain', "it's quoted", 'of a table', 'double', 'back', 'on its own line']);
  expect(titles?.skips).toBe(false);
});
