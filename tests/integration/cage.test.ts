import { execFileSync } from 'node:child_process';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { run, runShell, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** What the engine printed. */
async function printed(script: string): Promise<string[]> {
  const bundle = await runShell(space.dir, 'js-slugify', script);
  return (await bundle.read('backend/stdout.log')).trim().split('\n');
}

describe('R8: seen from inside, a cage has two writable places', () => {
  test('P4 R8: every writable folder lies in /workspace or /artifacts', async () => {
    const folders = await printed('find / -writable -type d 2>/dev/null');
    const own =
      /^\/proc\/[0-9]+\/(task\/[0-9]+\/)?(fd|fdinfo|map_files|ns|net|attr)(\/|$)|^\/proc\/[0-9]+(\/task)?(\/[0-9]+)?$/;
    const roots = new Set(
      folders
        .filter((folder) => !own.test(folder))
        .map((folder) => folder.replace(/^(\/(?:workspace|artifacts))\/.*$/, '$1')),
    );
    expect([...roots].sort()).toEqual(['/artifacts', '/workspace']);
  });

  test('R8: where permission says yes, the mount still says no', async () => {
    const lines = await printed(
      'for d in $(find / -xdev -type d 2>/dev/null) /dev /dev/pts /dev/mqueue /proc /sys; do ' +
        'case $d in /workspace*|/artifacts*) continue;; esac; ' +
        'touch "$d/.planted" && echo "planted $d"; done 2>/dev/null; echo done',
    );
    expect(lines).toEqual(['done']);
  });

  test('R8: /tmp, /var/tmp and the home folder are places of the evidence, and there is no /dev/shm', async () => {
    const lines = await printed(
      'touch /tmp/a /var/tmp/b "$HOME/c" && realpath /tmp/a /var/tmp/b "$HOME/c"; ls /dev/shm 2>&1 | tail -1',
    );
    expect(lines.slice(0, 3).every((line) => line.startsWith('/artifacts/backend/'))).toBe(true);
    expect(lines[3]).toContain('No such file');
  });

  test('no capability, no new privileges, a filter, not root, one loopback that leads nowhere', async () => {
    const lines = await printed(
      "grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status; id -u; " +
        'ls /sys/class/net; cat /proc/net/route | wc -l',
    );
    const facts = Object.fromEntries(
      lines.filter((line) => line.includes(':')).map((line) => line.split(/:\s+/) as [string, string]),
    );
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(facts[name], name).toBe('0000000000000000');
    expect(facts.NoNewPrivs).toBe('1');
    expect(facts.Seccomp).toBe('2');
    expect(Number(lines.at(-3))).toBeGreaterThan(0);
    expect(lines.at(-2)).toBe('lo');
    expect(lines.at(-1)).toBe('1');
  });

  test('a server of the engine is reached by the loopback, by number and by name, in both families', async () => {
    const server = [
      'import socket',
      "for name in '127.0.0.1', '::1', 'localhost', 'cage':",
      '    family, kind, _, _, at = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)[0]',
      '    heard = socket.socket(family, kind); heard.bind(at); heard.listen()',
      "    socket.create_connection(heard.getsockname()[:2], 2); print('reached', name)",
    ].join('\n');
    const lines = await printed(`python3 -c "${server}"`);
    expect(lines).toEqual(['127.0.0.1', '::1', 'localhost', 'cage'].map((name) => `reached ${name}`));
  });

  test('what the daemon hides stays hidden, and nothing setuid can be used', async () => {
    const lines = await printed(
      'for f in /proc/kcore /proc/keys /proc/timer_list /sys/firmware; do head -c1 "$f" 2>/dev/null | wc -c; done; ' +
        'find / -xdev -perm /6000 -type f 2>/dev/null | wc -l',
    );
    expect(lines.slice(0, 4)).toEqual(['0', '0', '0', '0']);
    expect(lines[4]).toBe('0');
  });
});

describe('while a run goes on', () => {
  test('the engine makes three containers, each with the promised set-up, and removes each', async () => {
    const since = Math.floor(Date.now() / 1000);
    const bundle = await run(space.dir, ['js-slugify']);
    const until = Math.floor(Date.now() / 1000) + 1;
    const text = execFileSync(
      'docker',
      ['events', '--since', `${since}`, '--until', `${until}`, '--format', '{{json .}}'],
      { encoding: 'utf8' },
    );
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DockerEvent)
      .filter(
        ({ Type, Actor }) =>
          Type === 'container' && Actor.Attributes['io.proofbox.run'] === bundle.report.run_id,
      );
    const of = (action: string) =>
      events.filter(({ Action }) => Action === action).map(({ Actor }) => Actor.ID);
    const document = await bundle.cage();
    const promised = [document.engine, document.verification.before, document.verification.after];
    expect(of('create').sort()).toEqual(promised.map((cage) => cage?.container_id).sort());
    expect(of('start').sort()).toEqual(of('create').sort());
    expect(of('destroy').sort()).toEqual(of('create').sort());
    // Nothing was started in them beside PID 1.
    expect(events.filter(({ Action }) => Action.startsWith('exec'))).toEqual([]);
    await expect(
      new Docker().getContainer(bundle.report.freshness_proof.container_id ?? '').inspect(),
    ).rejects.toThrow('no such container');
  });
});

interface DockerEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}
