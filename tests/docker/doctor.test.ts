import { describe, expect, test } from 'vitest';
import { escapeChecks, examine } from '../../src/docker/doctor.ts';

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
