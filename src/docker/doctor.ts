/** What this host can and cannot do, each with the fix. Looks only; changes nothing. */
import { readFile, statfs } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { Versions } from '../schema/cage.ts';
import { connectDocker, type DockerConnection } from './connect.ts';
import { knownEscapes } from './escapes.ts';
import { sandboxImage } from './images.ts';
import { dockerVersions } from './versions.ts';

export interface Check {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  /** null where nothing is to be done */
  fix: string | null;
}

/** All checks, in the order in which one rests on the other. */
export async function examine(): Promise<Check[]> {
  const checks = [nodeCheck(), await ptraceCheck(), await diskCheck()];
  let connection: DockerConnection;
  try {
    connection = await connectDocker();
  } catch (error) {
    return [...checks, fail('engine', (error as Error).message, 'run scripts/setup')];
  }
  const { docker, strategy, endpoint } = connection;
  const versions = await dockerVersions(docker);
  const info = (await docker.info()) as EngineInfo;
  return [
    ...checks,
    ok('engine', `Docker ${versions.engine} (API ${versions.api}) at ${endpoint}, found by ${strategy}`),
    ok('versions', `containerd ${versions.containerd ?? 'unknown'}, runc ${versions.runc ?? 'unknown'}`),
    kernelCheck(versions),
    storageCheck(info),
    ...securityChecks(info),
    ...limitChecks(info),
    ...escapeChecks(versions),
    await imageCheck(docker),
  ];
}

interface EngineInfo {
  SecurityOptions?: string[];
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  CpuCfsQuota?: boolean;
  SwapLimit?: boolean;
  CgroupVersion?: string;
  Driver?: string;
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough
    ? ok('node', `Node.js ${process.versions.node}`)
    : fail('node', `Node.js ${process.versions.node}`, 'install Node.js 20.19 or newer');
}

/** At 2 and 3 not even an ancestor may read a process, so that the recorder could not say what it was asked. */
async function ptraceCheck(): Promise<Check> {
  const text = await readFile('/proc/sys/kernel/yama/ptrace_scope', 'utf8').catch(() => null);
  const scope = text === null ? 0 : Number(text.trim());
  if (scope < 2)
    return ok('ptrace_scope', text === null ? 'Yama is absent' : `Yama ptrace_scope is ${scope}`);
  return fail(
    'ptrace_scope',
    `Yama ptrace_scope is ${scope}: the recorder cannot read what engines ask for`,
    'type: sudo sysctl kernel.yama.ptrace_scope=1',
  );
}

async function diskCheck(): Promise<Check> {
  const disk = await statfs(process.cwd());
  const free = (disk.bavail * disk.bsize) / 1024 ** 3;
  return free > 2
    ? ok('disk', `${free.toFixed(1)} GiB free here`)
    : warn('disk', `${free.toFixed(1)} GiB free here`, 'free some space, or run from another disk');
}

function kernelCheck(versions: Versions): Check {
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

/** vfs copies the whole image for every cage: it works, slowly and with much disk. */
function storageCheck({ Driver = 'unknown' }: EngineInfo): Check {
  return Driver === 'vfs'
    ? warn('storage', 'storage driver vfs copies the image for each cage', 'run the engine on overlay2')
    : ok('storage', `storage driver ${Driver}`);
}

function securityChecks(info: EngineInfo): Check[] {
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
    has('userns')
      ? warn(
          'confinement',
          `${facts}: folders are owned by shifted ids`,
          'run proofbox against an engine without user namespace remapping',
        )
      : ok('confinement', facts),
  ];
}

function limitChecks(info: EngineInfo): Check[] {
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

/** Published escapes of this runc. A warning, not a failure: distributions mend without a new number. */
export function escapeChecks(versions: Versions): Check[] {
  return knownEscapes(versions).map(({ part, version, mendedIn, names }) =>
    warn(
      `escapes.${part}`,
      `${part} ${version} is older than ${mendedIn}: ${names}`,
      `update ${part}, unless your distribution has mended it`,
    ),
  );
}

async function imageCheck(docker: Docker): Promise<Check> {
  return sandboxImage(docker).then(
    (image) => ok('image', `${image.reference} (${image.digest.slice(0, 19)})`),
    (error: Error) => fail('image', error.message, 'run proofbox image build'),
  );
}

function ok(id: string, found: string): Check {
  return { id, status: 'ok', found, fix: null };
}
function warn(id: string, found: string, fix: string): Check {
  return { id, status: 'warn', found, fix };
}
function fail(id: string, found: string, fix: string): Check {
  return { id, status: 'fail', found, fix };
}
