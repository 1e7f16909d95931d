/**
 * Judges the settings of a cage as data: what every request must hold, and that the container engine has what was
 * asked for. A setting that is not on the list and not neutral is a problem.
 */
import type { Limits } from '../schema/fixture.ts';
import type { HostConfig, Inspect } from '../schema/inspect.ts';
import type { CageView } from './cages.ts';

/** Hidden from every cage: kernel memory, keys, timers, firmware, and queues that would be a third writable place. */
const MASKED = ['/dev/mqueue', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What each setting must be, whatever was asked for. */
const REQUIRED: [string, (host: HostConfig) => boolean][] = [
  ['network is not none', (host) => host.NetworkMode === 'none'],
  ['IPC is not none', (host) => host.IpcMode === 'none'],
  ['the pid namespace is not private', (host) => host.PidMode === ''],
  ['the uts namespace is not private', (host) => host.UTSMode === ''],
  ['the user namespace is not the default', (host) => host.UsernsMode === ''],
  ['the cgroup namespace is not private', (host) => host.CgroupnsMode === 'private'],
  ['the root file system is not read-only', (host) => host.ReadonlyRootfs],
  ['the container is privileged', (host) => !host.Privileged],
  ['capabilities were added', (host) => isNeutral(host.CapAdd)],
  ['not every capability was dropped', (host) => host.CapDrop.some((name) => /^(?:cap_)?all$/i.test(name))],
  ['security options are not no-new-privileges alone', (host) => isOnlyNoNewPrivileges(host.SecurityOpt)],
  [
    'devices were given',
    (host) => [host.Devices, host.DeviceRequests, host.DeviceCgroupRules].every(isNeutral),
  ],
  ['groups were added', (host) => isNeutral(host.GroupAdd)],
  ['kernel settings were changed', (host) => isNeutral(host.Sysctls)],
  [
    'ports, links or hosts were given',
    (host) => [host.PortBindings, host.Links, host.ExtraHosts].every(isNeutral),
  ],
  ['ports are published', (host) => !host.PublishAllPorts],
  ['the OOM killer is off', (host) => host.OomKillDisable !== true],
  ['the log driver is not none', (host) => host.LogConfig.Type === 'none'],
  ['the container may restart', (host) => host.RestartPolicy.Name === 'no'],
  ['the container removes itself', (host) => !host.AutoRemove],
  ['kernel files are not masked', (host) => MASKED.every((path) => host.MaskedPaths.includes(path))],
  ['kernel files are not read-only', (host) => READ_ONLY.every((path) => host.ReadonlyPaths.includes(path))],
];

/** What is wrong with the settings themselves, in the request or in the engine's word. */
export function settingProblems(host: HostConfig, user: string, limits: Limits): string[] {
  const problems = REQUIRED.flatMap(([problem, holds]) => (holds(host) ? [] : [problem]));
  if (!/^[1-9][0-9]*:[1-9][0-9]*$/.test(user))
    problems.push(`the user is ${JSON.stringify(user)}, not a number other than 0`);
  const open = host.Ulimits.filter((limit) => limit.Name === 'nofile');
  const asked: [string, unknown, unknown][] = [
    ['memory', host.Memory, limits.memory_bytes],
    ['memory with swap', host.MemorySwap, limits.memory_bytes],
    ['cpus', host.NanoCpus, Math.round(limits.cpus * 1e9)],
    ['pids', host.PidsLimit, limits.pids],
    ['open files', open.map((limit) => [limit.Soft, limit.Hard]), [[limits.nofile, limits.nofile]]],
  ];
  for (const [what, found, wanted] of asked) {
    if (!isSame(found, wanted))
      problems.push(`the limit of ${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
  return problems;
}

/** Where the engine's word differs from the request. */
export function differences(view: CageView, inspect: Inspect): string[] {
  const { requested } = view;
  const problems: string[] = [];
  const compare = (what: string, found: unknown, asked: unknown) => {
    if (!isSame(found, asked))
      problems.push(`${what} is ${JSON.stringify(found)} where ${JSON.stringify(asked)} was asked for`);
  };
  compare('Image', inspect.Image, requested.Image);
  for (const key of ['Entrypoint', 'Cmd', 'User', 'WorkingDir', 'Tty'] as const)
    compare(key, inspect.Config[key], requested[key]);
  for (const [key, asked] of Object.entries(requested.HostConfig))
    compare(key, inspect.HostConfig[key], asked);
  for (const name of requested.Env)
    if (!inspect.Config.Env?.includes(name)) problems.push(`${variable(name)} is not as asked for`);
  const networks = Object.keys(inspect.NetworkSettings.Networks);
  if (networks.some((name) => name !== 'none')) problems.push(`it is on the networks ${networks.join(', ')}`);
  return problems;
}

/** The name alone: a value may be nobody's business. */
function variable(assignment: string): string {
  return `the variable ${assignment.split('=')[0]}`;
}

/** Absent, empty or zero: a container engine fills these in as it likes. */
function isNeutral(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isOnlyNoNewPrivileges(options: string[]): boolean {
  return options.length === 1 && /^no-new-privileges(?:[:=]true)?$/.test(options[0] ?? '');
}

/** Equal but for the order of keys and for neutral values left out. */
function isSame(found: unknown, asked: unknown): boolean {
  if (isNeutral(found) && isNeutral(asked)) return true;
  if (typeof found !== 'object' || typeof asked !== 'object' || found === null || asked === null)
    return found === asked;
  if (Array.isArray(found) !== Array.isArray(asked)) return false;
  if (Array.isArray(found) && found.length !== (asked as unknown[]).length) return false;
  const left = found as Record<string, unknown>;
  const right = asked as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    isSame(left[key], right[key]),
  );
}
