import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { forbiddenRoots, refuseOverlap } from '../../src/forbidden/roots.ts';
import { ForbiddenKind } from '../../src/schema/common.ts';
import { Config } from '../../src/schema/config.ts';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'proofbox-roots-')));
afterAll(() => rmSync(dir, { recursive: true }));
mkdirSync(join(dir, 'target/inner'), { recursive: true });
mkdirSync(join(dir, 'runs'));
symlinkSync(join(dir, 'target'), join(dir, 'link'));
writeFileSync(join(dir, 'file'), '');
const target = join(dir, 'target');

const NONE = Config.parse({});

describe('P6, R9: forbidden roots', () => {
  test.each(ForbiddenKind.options)(
    'the kind %s can be given on the command line and in the configuration',
    async (kind) => {
      const [given] = await forbiddenRoots([`${kind}=${target}`], NONE);
      expect(given).toMatchObject({ kind, resolved: target, mode: 'metadata' });
      const config = Config.parse({ forbidden_roots: [{ kind, path: target, digest: 'content' }] });
      const [set] = await forbiddenRoots([], config);
      expect(set).toMatchObject({ kind, resolved: target, mode: 'content' });
    },
  );

  test('a path alone is a target repository, dashes may stand for underscores, links are followed, doubles fall away', async () => {
    const roots = await forbiddenRoots([join(dir, 'link'), `target-repository=${target}`], NONE);
    expect(roots).toHaveLength(1);
    expect(roots[0]).toMatchObject({ kind: 'target_repository', resolved: target });
  });

  test.each([
    ['an unknown kind', 'secrets=/usr/lib', /no kind of forbidden root/],
    ['a missing path', '/no/such/folder', /does not exist/],
    ['an empty path', 'target_repository=', /does not exist|is not a folder/],
    ['a file', join(dir, 'file'), /is not a folder/],
    ['the whole host', '/', /too short/],
  ])('%s is refused', async (_, value, message) => {
    await expect(forbiddenRoots([value], NONE)).rejects.toThrow(message);
  });

  test.each([
    ['the bind lies in the root', 'target', 'target/inner/run'],
    ['the bind is the root', 'target', 'target'],
    ['the root lies in the bind', 'target/inner', 'target'],
    ['the bind reaches the root through a link', 'target', 'link/run'],
    ['the root is given through a link', 'link', 'target/run'],
  ])('an overlap is refused: %s', async (_, root, bind) => {
    const roots = await forbiddenRoots([join(dir, root)], NONE);
    await expect(refuseOverlap(roots, [join(dir, bind)])).rejects.toThrow(/lie in one another/);
  });

  test('a neighbour whose name begins alike is no overlap', async () => {
    const roots = await forbiddenRoots([target], NONE);
    await expect(refuseOverlap(roots, [`${target}-old/run`, join(dir, 'runs')])).resolves.toBeUndefined();
  });
});
