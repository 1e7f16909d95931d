import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '#src/package-root.ts';

const COMMANDS = [
  ['--help'],
  ['run', '--help'],
  ['fixtures'],
  ['engines', '--json'],
  ['run', 'no-such-fixture'],
  ['fleet', 'status', '--nats', '127.0.0.1:1'],
];

let folder: string;
let asBuilt: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proofbox-bundle-'));
  asBuilt = await answers(PACKAGE_ROOT);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the installed program that a test may damage. */
function copy(name: string): { root: string; bundle: string } {
  const root = join(folder, name);
  cpSync(join(PACKAGE_ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  cpSync(join(PACKAGE_ROOT, 'package.json'), join(root, 'package.json'));
  for (const shared of ['node_modules', 'images', 'fixtures'])
    symlinkSync(join(PACKAGE_ROOT, shared), join(root, shared));
  return { root, bundle: join(root, 'dist/bundle') };
}

/** Exit code and words of each command, without the folder they name. */
function answers(root: string, env: Record<string, string> = {}): Promise<string[]> {
  return Promise.all(
    COMMANDS.map(async (args) => {
      const main = join(root, 'dist/cli/main.js');
      const { exitCode, all } = await execa('node', [main, ...args], {
        reject: false,
        all: true,
        env,
        cwd: folder,
      });
      return `${exitCode}\n${all}`.replaceAll(root, 'ROOT');
    }),
  );
}

describe('the bundle that the command line starts from', () => {
  it('says what its modules say', async () => {
    const { root, bundle } = copy('modules');
    rmSync(bundle, { recursive: true });
    expect(await answers(root)).toEqual(asBuilt.map((text) => text.replaceAll(PACKAGE_ROOT, 'ROOT')));
  });

  it('is what runs where it is there', async () => {
    const { root, bundle } = copy('broken');
    writeFileSync(join(bundle, 'program.cjs'), 'throw new Error("the bundle ran");');
    const [help] = await answers(root);
    expect(help).toContain('the bundle ran');
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, 100)],
    ['gone', (path: string) => rmSync(path)],
    ['of something else', (path: string) => writeFileSync(path, 'not code of V8')],
  ])('runs from its text where its compiled code is %s', async (what, damage) => {
    const { root, bundle } = copy(what);
    const kept = readdirSync(bundle).filter((name) => name.endsWith('.cache'));
    expect(kept.length).toBeGreaterThan(5);
    for (const name of kept) damage(join(bundle, name));
    expect(await answers(root)).toEqual(asBuilt);
  });

  it('is taken with all of its compiled code, and with that of a whole run once the set-up has made one', async () => {
    const bundle = join(PACKAGE_ROOT, 'dist/bundle');
    expect(readFileSync(join(bundle, 'practised'), 'utf8')).toBe(process.version);
    const ask = `const bundle = require(${JSON.stringify(join(bundle, 'load.cjs'))});
      bundle.load().then(() => console.log(JSON.stringify([bundle.refused(), bundle.compiled().length])));`;
    const { stdout } = await execa('node', ['-e', ask]);
    const [refused, files] = JSON.parse(stdout) as [string[], number];
    expect(refused).toEqual([]);
    expect(files).toBeGreaterThan(20);
  });

  it('names the source in its stacks where somebody looks for a defect', async () => {
    const [, , , , refused] = await answers(PACKAGE_ROOT, { PROOFBOX_DEBUG: '1' });
    expect(refused).toMatch(/src\/contract\/\w+\.ts:\d+/);
  });
});
