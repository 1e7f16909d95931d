/** What a host must have before any cage can keep its promises: the checks that a run repeats and `doctor` shows. */
import { readFile } from 'node:fs/promises';
import { ProofboxError } from '../errors.ts';
import type { Versions } from '../schema/cage.ts';
import { type Check, type EngineInfo, fail, ok, warn } from './check.ts';
import { podmanCheck } from './podman.ts';
import { type IdShift, idShift, ownershipCheck } from './user-namespace.ts';
import type { EngineFacts } from './versions.ts';

/**
 * Stops a run on a host that cannot keep a cage's promises.
 * @param engine what the engine says of itself
 * @param runtime a runtime asked for by name
 * @returns what the engine adds to a cage's user numbers
 * @throws ProofboxError `host` for the first check that fails
 */
export async function requireHost({ versions, info }: EngineFacts, runtime?: string): Promise<IdShift> {
  const checks = [
    podmanCheck(versions.podman),
    await ptraceCheck(),
    kernelCheck(versions),
    ...securityChecks(info),
    ...limitChecks(info),
    ownershipCheck(info),
    runtimeCheck(info, runtime),
  ];
  const failed = checks.find(({ status }) => status === 'fail');
  const shift = idShift(info);
  if (failed !== undefined || shift === null)
    throw new ProofboxError('host', failed?.found ?? 'the engine remaps users', {
      fix: failed?.fix ?? 'type: proofbox doctor',
    });
  return shift;
}

/** At 2 and 3 not even an ancestor may read a process, so that the recorder could not say what it was asked. */
export async function ptraceCheck(file = '/proc/sys/kernel/yama/ptrace_scope'): Promise<Check> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const scope = text === null ? 0 : Number(text.trim());
  if (scope < 2)
    return ok('ptrace_scope', text === null ? 'Yama is absent' : `Yama ptrace_scope is ${scope}`);
  return fail(
    'ptrace_scope',
    `Yama ptrace_scope is ${scope}: the recorder cannot read what engines ask for`,
    'type: sudo sysctl kernel.yama.ptrace_scope=1',
  );
}

export function kernelCheck(versions: Versions): Check {
  const [major = 0, minor = 0] = versions.kernel.split('.').map((part) => Number.parseInt(part, 10));
  const at = major * 1000 + minor;
  if (at < 5000)
    return fail(
      'kernel',
      `kernel ${versions.kernel} has no seccomp user notification that can continue a call`,
      'use a host with kernel 5.19 or newer',
    );
  if (at < 5019)
    return warn(
      'kernel',
      `kernel ${versions.kernel} cannot hold signals while a call waits: a call may be recorded twice`,
      'use a host with kernel 5.19 or newer',
    );
  return ok('kernel', `kernel ${versions.kernel}`);
}

export function securityChecks(info: EngineInfo): Check[] {
  const options = info.SecurityOptions ?? [];
  const has = (name: string) => options.some((option) => option.includes(`name=${name}`));
  const facts = ['apparmor', 'selinux', 'userns', 'rootless']
    .map((name) => `${name} ${has(name) ? 'on' : 'off'}`)
    .join(', ');
  const seccomp = options.find((option) => option.includes('name=seccomp'));
  const isDefault = seccomp !== undefined && !seccomp.includes('unconfined');
  return [
    isDefault
      ? ok('seccomp', seccomp)
      : fail(
          'seccomp',
          seccomp ?? 'the engine has no seccomp',
          'enable seccomp in the engine and its default profile',
        ),
    ok('confinement', facts),
  ];
}

export function limitChecks(info: EngineInfo): Check[] {
  const limits: [string, boolean | undefined][] = [
    ['memory', info.MemoryLimit],
    ['pids', info.PidsLimit],
    ['cpu', info.CpuCfsQuota],
  ];
  const missing = limits.filter(([, there]) => there !== true).map(([name]) => name);
  const cgroup = `cgroup v${info.CgroupVersion ?? '1'}`;
  if (missing.length > 0)
    return [
      fail(
        'limits',
        `${cgroup} without ${missing.join(', ')}`,
        'enable these cgroup controllers on the host',
      ),
    ];
  return [
    info.SwapLimit === false
      ? warn('limits', `${cgroup}, swap is not limited`, 'boot with swapaccount=1')
      : ok('limits', `${cgroup} with memory, pids, cpu`),
  ];
}

function runtimeCheck(info: EngineInfo, runtime: string | undefined): Check {
  const known = Object.keys(info.Runtimes ?? {}).sort();
  return runtime === undefined || known.includes(runtime)
    ? ok('runtime', runtime ?? 'the default')
    : fail(
        'runtime',
        `the engine has no runtime ${JSON.stringify(runtime)}`,
        `use one of ${known.join(', ')}, or register it with the engine`,
      );
}
