import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import tar from 'tar-fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, buildSandbox } from '../../src/docker/build.ts';
import { connectDocker } from '../../src/docker/connect.ts';
import { buildImages, sandboxImage } from '../../src/docker/images.ts';
import { baseReference } from '../../src/docker/inputs.ts';
import { pruneImages } from '../../src/docker/prune.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';

let docker: Docker;
let folder: string;
beforeAll(async () => {
  docker = (await connectDocker()).docker;
  folder = mkdtempSync(join(tmpdir(), 'proofbox-build-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function packed(): NodeJS.ReadableStream {
  return tar.pack(folder) as unknown as NodeJS.ReadableStream;
}

describe('the sandbox image', () => {
  test('is there after the set-up, and building again does nothing', async () => {
    const steps: string[] = [];
    const again = await buildImages(docker, { onStep: (step) => steps.push(step) });
    expect(steps).toEqual([]);
    expect(again).toEqual(await sandboxImage(docker));
    expect(again.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('says which way its base came', async () => {
    const { config } = await sandboxImage(docker);
    expect(config).toMatchObject({
      Labels: { 'io.proofbox.base': expect.stringMatching(/^(pulled|mmdebstrap)$/) },
    });
  });
});

describe('a build that fails', () => {
  test('tells the step that failed, and its log is kept', async () => {
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${baseReference()}\nRUN echo from-the-build && exit 7\n`);
    const log = join(folder, 'build.log');
    const outcome = await build(docker, packed(), { t: 'proofbox-test-failing:none' }, log);
    const message = outcome.built ? '' : outcome.message;
    expect(message).toMatch(/exit 7.*non-zero code: 7/);
    expect(message).not.toContain('\n');
    expect(readFileSync(log, 'utf8')).toContain('from-the-build');
    expect(
      await docker.listContainers({ all: true, filters: { ancestor: ['proofbox-test-failing:none'] } }),
    ).toEqual([]);
  });

  test('with a Dockerfile that cannot be read says so', async () => {
    writeFileSync(join(folder, 'Dockerfile'), 'NONSENSE\n');
    const outcome = await build(docker, packed(), {}, join(folder, 'build.log'));
    expect(outcome).toMatchObject({ built: false, message: expect.stringMatching(/nonsense/i) });
  });

  test('for want of a folder to write is one sentence with the fix, exit 4', async () => {
    const before = process.env.PROOFBOX_CACHE;
    process.env.PROOFBOX_CACHE = '/dev/null/cache';
    try {
      await expect(buildSandbox(docker, 'proofbox-test:none', 'amd64', {})).rejects.toMatchObject({
        exitCode: 4,
        message: 'the cache folder /dev/null/cache cannot be written (ENOTDIR)',
        fix: expect.stringContaining('PROOFBOX_CACHE'),
      });
    } finally {
      if (before === undefined) delete process.env.PROOFBOX_CACHE;
      else process.env.PROOFBOX_CACHE = before;
    }
  });
});

test('the recorder compiles for arm64', async () => {
  const context = tar.pack(PACKAGE_ROOT, {
    entries: ['images/recorder', 'images/recorder-arm64.Dockerfile'],
    ignore: (path) => /(?:\.o|\/proofbox-recorder)$/.test(path),
    map: (header) => ({ ...header, uid: 0, gid: 0, mtime: new Date(0) }),
  }) as unknown as NodeJS.ReadableStream;
  const outcome = await build(
    docker,
    context,
    {
      t: 'proofbox-recorder-arm64:test',
      dockerfile: 'images/recorder-arm64.Dockerfile',
      buildargs: { BASE: baseReference() },
    },
    join(folder, 'arm64.log'),
  );
  await docker
    .getImage('proofbox-recorder-arm64:test')
    .remove({ force: true })
    .catch(() => undefined);
  expect(outcome).toMatchObject({ built: true });
}, 600_000);

test('images of earlier inputs are pruned, the present ones stay', async () => {
  const earlier = { repo: 'proofbox-sandbox', tag: '0'.repeat(16) };
  await docker.getImage(baseReference()).tag(earlier);
  // Only this one: images of other checkouts are not a test's to remove.
  const { removed } = await pruneImages(docker, /^proofbox-sandbox:0{16}$/);
  expect(removed).toEqual([`${earlier.repo}:${earlier.tag}`]);
  const current = await sandboxImage(docker);
  expect((await pruneImages(docker, new RegExp(`^${current.reference}$`))).removed).toEqual([]);
  await expect(docker.getImage(baseReference()).inspect()).resolves.toBeDefined();
  await expect(sandboxImage(docker)).resolves.toBeDefined();
});

describe('the set-up', () => {
  const run = promisify(execFile);
  const setUp = join(PACKAGE_ROOT, 'dist/cli/setup.js');

  test('with a wrong DOCKER_HOST ends with exit 4 and one line that has the fix', async () => {
    const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const failure = await run(process.execPath, [setUp], { env }).catch((error) => error);
    expect(failure.code).toBe(4);
    expect(failure.stderr.trim()).toBe(
      'error: no container engine answers (unix:///nowhere/docker.sock: there is no such socket); ' +
        'correct DOCKER_HOST, or unset it',
    );
  });

  test('says nothing where nothing is missing', async () => {
    expect(await run(process.execPath, [setUp])).toEqual({ stdout: '', stderr: '' });
  });
});
