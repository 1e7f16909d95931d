import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { escapeChecks, examine } from '../../src/docker/doctor.ts';
import { kernelCheck, ptraceCheck, requireHost } from '../../src/docker/requirements.ts';
import { engineFacts } from '../../src/docker/versions.ts';

const dir = mkdtempSync(join(tmpdir(), 'proofbox-doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

const versions = {
  engine: '20.10.24',
  api: '1.41',
  containerd: '1.6.20',
  runc: '1.1.5',
  kernel: '6.1.0',
  architecture: 'amd64',
};

describe('doctor', () => {
  test('looks at everything a cage needs, and each finding that is not ok has a fix', async () => {
    const checks = await examine();
    const ids = checks.map(({ id }) => id);
    for (const id of ['node', 'ptrace_scope', 'disk', 'engine', 'versions', 'kernel', 'storage', 'seccomp'])
      expect(ids).toContain(id);
    for (const id of ['confinement', 'limits', 'image']) expect(ids).toContain(id);
    for (const { status, found, fix } of checks) {
      expect(found).not.toBe('');
      expect(fix === null).toBe(status === 'ok');
    }
  });

  test.each([
    ['1.1.5+ds1', ['CVE-2024-21626', 'CVE-2025-31133']],
    ['1.1.12', ['CVE-2025-31133']],
    ['1.2.7', ['CVE-2025-31133']],
    ['1.2.8', []],
    ['1.4.0', []],
    ['v1.3.0-rc.1', ['CVE-2025-31133']],
    ['1.3.3', []],
  ])('names the known escapes of runc %s', (runc, names) => {
    const found = escapeChecks({ ...versions, runc }).map((check) => check.found);
    expect(found.length).toBe(names.length);
    for (const [index, name] of names.entries()) expect(found[index]).toContain(name);
  });

  test('claims nothing about a runc whose version the engine does not tell', () => {
    expect(escapeChecks({ ...versions, runc: null })).toEqual([]);
  });
});

describe('a host that cannot keep the promises', () => {
  test.each([
    ['0', 'ok'],
    ['1', 'ok'],
    ['2', 'fail'],
    ['3', 'fail'],
  ])('Yama ptrace_scope %s: %s', async (scope, status) => {
    const file = join(dir, `scope-${scope}`);
    writeFileSync(file, `${scope}\n`);
    expect((await ptraceCheck(file)).status).toBe(status);
  });

  test.each([
    ['4.19.0', 'fail'],
    ['5.10.0', 'warn'],
    ['5.19.0', 'ok'],
    ['6.18.5', 'ok'],
  ])('kernel %s: %s', (kernel, status) => {
    expect(kernelCheck({ ...versions, kernel }).status).toBe(status);
  });

  test('a run is stopped before it starts, with the fix', async () => {
    const facts = { ...(await engineFacts(new Docker())), versions };
    await expect(requireHost(facts)).resolves.toEqual({ uid: 0, gid: 0 });
    await expect(
      requireHost({ ...facts, versions: { ...versions, kernel: '4.19.0' } }),
    ).rejects.toMatchObject({
      code: 'host',
      fix: expect.stringContaining('5.19'),
    });
    await expect(requireHost(facts, 'no-such-runtime')).rejects.toMatchObject({ code: 'host' });
  });
});
