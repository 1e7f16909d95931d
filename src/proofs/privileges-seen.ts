/** Judges what PID 1 saw of its own rights, limits and surroundings. Believes no setting: only what was in effect. */
import type { CageView } from './cages.ts';
import { parseInterfaces, parseLimits, parseStatus } from './procfs.ts';

type Seen = NonNullable<CageView['seen']>;

const CAPABILITY_SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
const PRIVATE_NAMESPACES = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
/** The kernel's first namespaces have fixed numbers (include/linux/proc_ns.h): seen inside, they are the host's. */
const FIRST_NAMESPACES: Record<string, string> = {
  ipc: 'ipc:[4026531839]',
  uts: 'uts:[4026531838]',
  pid: 'pid:[4026531836]',
  cgroup: 'cgroup:[4026531835]',
};
/** Variables that a container engine sets by itself. */
const OWN_VARIABLES = ['PATH', 'HOSTNAME', 'HOME'];

/**
 * What is wrong with what PID 1 saw, one sentence each.
 * @param hostNamespaces the harness's own, where they are known
 */
export function seenProblems(
  view: CageView,
  seen: Seen,
  hostNamespaces: Record<string, string> | null,
): string[] {
  return [
    ...identity(view, seen),
    ...rights(seen),
    ...namespaces(seen, hostNamespaces),
    ...limits(view, seen),
    ...program(view, seen),
  ];
}

function identity(view: CageView, seen: Seen): string[] {
  const problems: string[] = [];
  const status = parseStatus(seen.status);
  const [uid, gid] = view.requested.User.split(':');
  if (seen.uid === 0 || seen.gid === 0 || seen.groups.includes(0))
    problems.push('PID 1 is root or in its group');
  if (`${seen.uid}:${seen.gid}` !== `${uid}:${gid}`)
    problems.push(`PID 1 is ${seen.uid}:${seen.gid}, not ${uid}:${gid}`);
  if (seen.groups.some((group) => group !== seen.gid))
    problems.push(`PID 1 is in the groups ${seen.groups.join(', ')}`);
  for (const [field, id] of [
    ['Uid', uid],
    ['Gid', gid],
  ] as const) {
    const ids = status.get(field)?.split(/\s+/) ?? [];
    if (ids.length !== 4 || ids.some((one) => one !== id))
      problems.push(`${field} in its status is ${ids.join(' ') || 'missing'}`);
  }
  if (seen.pid !== 1 || status.get('Pid') !== '1') problems.push('the recorder is not PID 1');
  return problems;
}

function rights(seen: Seen): string[] {
  const status = parseStatus(seen.status);
  const problems: string[] = [];
  for (const set of CAPABILITY_SETS) {
    if (!/^0+$/.test(status.get(set) ?? ''))
      problems.push(`${set} is ${status.get(set) ?? 'missing'}, not 0`);
  }
  if (status.get('NoNewPrivs') !== '1') problems.push('NoNewPrivs is not 1');
  if (status.get('Seccomp') !== '2') problems.push('no seccomp filter is on');
  if (!/^[1-9][0-9]*$/.test(status.get('Seccomp_filters') ?? ''))
    problems.push('Seccomp_filters is not at least 1');
  // From 2 on not even an ancestor may read a process: the recorder could not say what was asked of it.
  if ((seen.ptrace_scope ?? 0) > 1) problems.push(`Yama's ptrace_scope is ${seen.ptrace_scope}`);
  return problems;
}

function namespaces(seen: Seen, host: Record<string, string> | null): string[] {
  const problems: string[] = [];
  for (const name of PRIVATE_NAMESPACES) {
    const inside = seen.namespaces[name];
    if (inside === undefined || !/^[a-z]+:\[[0-9]+\]$/.test(inside))
      problems.push(`the ${name} namespace is unknown`);
    else if (inside === host?.[name] || inside === FIRST_NAMESPACES[name])
      problems.push(`the ${name} namespace is the host's`);
  }
  const interfaces = parseInterfaces(seen.net_dev);
  if (interfaces.length !== 1 || interfaces[0] !== 'lo')
    problems.push(`the interfaces are ${interfaces.join(', ') || 'unknown'}, not lo alone`);
  return problems;
}

function limits(view: CageView, seen: Seen): string[] {
  const found = parseLimits(seen.limits);
  const names: Record<string, string> = {
    nofile: 'Max open files',
    fsize: 'Max file size',
    core: 'Max core file size',
  };
  return view.requested.HostConfig.Ulimits.flatMap(({ Name, Soft, Hard }) => {
    const name = names[Name];
    const limit = name === undefined ? undefined : found.get(name);
    if (limit?.soft === String(Soft) && limit.hard === String(Hard)) return [];
    return [
      `the limit ${Name} is ${limit === undefined ? 'unknown' : `${limit.soft}/${limit.hard}`}, not ${Soft}/${Hard}`,
    ];
  });
}

/** What PID 1 was told to start, with what environment and where. */
function program(view: CageView, seen: Seen): string[] {
  const { requested, imageEnv } = view;
  const problems: string[] = [];
  const asked = requested.Cmd.slice(requested.Cmd.indexOf('--') + 1);
  if (JSON.stringify(seen.argv) !== JSON.stringify(asked))
    problems.push('PID 1 was given another program than was asked for');
  if (seen.cwd !== requested.WorkingDir)
    problems.push(`the program starts in ${seen.cwd}, not ${requested.WorkingDir}`);
  if (seen.hostname !== requested.Hostname)
    problems.push(`the host name is ${seen.hostname}, not ${requested.Hostname}`);
  const known = new Set([...requested.Env, ...imageEnv]);
  const names = new Set(OWN_VARIABLES);
  for (const one of seen.env) {
    if (!known.has(one) && !names.has(one.split('=')[0] ?? ''))
      problems.push(`the variable ${one.split('=')[0]} came from elsewhere`);
  }
  for (const one of requested.Env)
    if (!seen.env.includes(one)) problems.push(`the variable ${one.split('=')[0]} did not arrive`);
  return problems;
}
