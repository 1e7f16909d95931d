/**
 * Judges the mount table that PID 1 saw. Every mount must be on the list below; what is not there is a problem,
 * however harmless it looks.
 */
import { type Mount, parseMountinfo } from './mountinfo.ts';

/** A mount that may be there beside the two binds. Where none of these fits, the cage is not as promised. */
interface Allowed {
  target: RegExp;
  why: string;
  fits(mount: Mount, cage: Cage): boolean;
}

interface Cage {
  containerId: string;
  /** nobody in the cage is the host's root, whose files a mount may therefore show without being writable */
  isWithoutRoot: boolean;
}

const isReadOnly = (mount: Mount) => mount.options.includes('ro') && !mount.options.includes('rw');
const is = (mount: Mount, ...types: string[]) => types.includes(mount.type);
/** Owned by root and writable for it alone: the engine is never root and holds no capability. */
const isRootsOwn = (mount: Mount) => is(mount, 'tmpfs') && mount.superOptions.includes('mode=755');
/** runc hides a folder under an empty read-only tmpfs and a file under the cage's own /dev/null. */
const isMask = (mount: Mount) =>
  (is(mount, 'tmpfs') && mount.root === '/' && isReadOnly(mount)) ||
  (is(mount, 'tmpfs', 'devtmpfs') && mount.root === '/null');

/**
 * Docker leaves control groups writable where it remaps users (moby, daemon/oci_linux.go): their files belong to the
 * host's root, who is nobody in such a cage.
 */
const isOutOfReach = (mount: Mount, { isWithoutRoot }: Cage) => isReadOnly(mount) || isWithoutRoot;

const ALLOWED: Allowed[] = [
  { target: /^\/$/, why: 'the image', fits: (mount) => isReadOnly(mount) },
  { target: /^\/proc$/, why: 'the kernel', fits: (mount) => is(mount, 'proc') && mount.root === '/' },
  {
    target: /^\/proc\/(?:bus|fs|irq|sys|sysrq-trigger)$/,
    why: 'the kernel, read-only',
    fits: (mount) => is(mount, 'proc') && isReadOnly(mount),
  },
  { target: /^\/proc\/[a-z_]+$/, why: 'masked', fits: isMask },
  { target: /^\/dev$/, why: 'device files, for root alone', fits: isRootsOwn },
  { target: /^\/dev\/pts$/, why: 'terminals', fits: (mount) => is(mount, 'devpts') },
  {
    target: /^\/dev\/mqueue$/,
    why: 'message queues, masked',
    fits: (mount) => is(mount, 'mqueue') || isMask(mount),
  },
  {
    target: /^\/sys$/,
    why: 'the kernel, read-only',
    fits: (mount) => is(mount, 'sysfs') && isReadOnly(mount),
  },
  {
    target: /^\/sys\/fs\/cgroup$/,
    why: 'control groups',
    fits: (mount, cage) => isRootsOwn(mount) || (is(mount, 'cgroup2') && isOutOfReach(mount, cage)),
  },
  {
    target: /^\/sys\/fs\/cgroup\/[a-z0-9_,=-]+$/,
    why: 'control groups, out of reach',
    fits: (mount, cage) => is(mount, 'cgroup', 'cgroup2') && isOutOfReach(mount, cage),
  },
  {
    // No user namespace can make device files: runc binds the host's in their place.
    target: /^\/dev\/(?:full|null|random|tty|urandom|zero)$/,
    why: 'a device of the host that every cage has',
    fits: (mount) => is(mount, 'devtmpfs') && `/dev${mount.root}` === mount.target,
  },
  { target: /^\/sys\/(?:firmware|devices\/virtual\/powercap)$/, why: 'masked', fits: isMask },
  {
    // Three files that the container engine makes for every container; with a read-only root they are so too.
    target: /^\/etc\/(?:resolv\.conf|hostname|hosts)$/,
    why: 'the container engine, read-only',
    fits: (mount, { containerId }) =>
      isReadOnly(mount) &&
      mount.root.includes(`/${containerId}/`) &&
      mount.root.endsWith(mount.target.slice('/etc'.length)),
  },
];

/**
 * What is wrong with a mount table, one sentence each.
 * @param sources the host folder behind /workspace and /artifacts
 */
export function seenMounts(text: string, cage: Cage, sources: Record<string, string>): string[] {
  const mounts = parseMountinfo(text);
  if (mounts === null) return ['the mount table does not parse'];
  const problems: string[] = [];
  for (const mount of mounts) {
    const source = sources[mount.target];
    const sound =
      source === undefined
        ? ALLOWED.some((allowed) => allowed.target.test(mount.target) && allowed.fits(mount, cage))
        : isBindOf(mount, source);
    if (!sound)
      problems.push(
        `line ${mount.line}: ${mount.type} on ${mount.target} (${mount.options.join(',')}) is not as promised`,
      );
  }
  for (const target of ['/', '/proc', '/proc/sys', '/dev', '/sys', ...Object.keys(sources)]) {
    const count = mounts.filter((mount) => mount.target === target).length;
    if (count !== 1) problems.push(`${target} is mounted ${count} times`);
  }
  const queues = mounts.filter((mount) => mount.target === '/dev/mqueue').at(-1);
  if (queues !== undefined && !isMask(queues)) problems.push('/dev/mqueue is not masked');
  return problems;
}

function isBindOf(mount: Mount, source: string): boolean {
  const isOrdinary = !is(mount, 'proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'mqueue', 'devtmpfs');
  return isOrdinary && mount.options.includes('rw') && endsAlike(mount.root, source);
}

/**
 * The table names a folder from the top of its own file system, the request from the top of the host's tree.
 * They agree where the shorter is the end of the longer, or where two components agree (a file system may have a
 * prefix of its own, as btrfs subvolumes do).
 */
function endsAlike(root: string, source: string): boolean {
  const inTable = root.split('/').filter((part) => part !== '');
  const asked = source.split('/').filter((part) => part !== '');
  const needed = Math.min(2, inTable.length, asked.length);
  return (
    asked.length > 0 &&
    inTable.slice(inTable.length - needed).join('/') === asked.slice(asked.length - needed).join('/')
  );
}
