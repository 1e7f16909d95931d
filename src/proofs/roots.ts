/**
 * Says from a path alone to which root it belongs, so that no proof has to believe the recorder's `root`.
 * Never touches a file system: it judges strings.
 */
import type { WriteRecord, WriteRoot } from '../schema/recorder.ts';

const WRITABLE = [
  ['/workspace', 'workspace'],
  ['/artifacts', 'artifacts'],
] as const;

/** Things without a name in a file system, as /proc/<pid>/fd shows them. */
const NAMELESS = /^(?:anon_inode:|[a-z_]+:\[[0-9]+\]$)/;
const MEMORY_FILE = /^\/memfd:.* \(deleted\)$/s;
const CHARACTER_DEVICE = /^\/dev\/(?:null|zero|full|random|urandom|tty|ptmx|pts\/(?:[0-9]+|ptmx))$/;
/** PID 1 is the recorder: its files are nobody's own. */
const KERNEL_FILE = /^\/proc\/(?!1(?:\/|$))[0-9]+(?:\/|$)/;

/** From the most confined to the least; of a call with two paths the later counts. */
const ORDER: WriteRoot[] = ['workspace', 'artifacts', 'device', 'kernel', 'none'];

/** The root of one resolved path; `none` for every path that is not absolute and free of `.` and `..`. */
export function rootOfPath(resolved: string): WriteRoot {
  if (NAMELESS.test(resolved) || MEMORY_FILE.test(resolved)) return 'device';
  if (!isPlain(resolved)) return 'none';
  for (const [prefix, root] of WRITABLE) if (isUnder(resolved, prefix)) return root;
  if (CHARACTER_DEVICE.test(resolved)) return 'device';
  return KERNEL_FILE.test(resolved) ? 'kernel' : 'none';
}

/** The root of a whole record, from its resolved paths. */
export function rootOfRecord(record: Pick<WriteRecord, 'resolved' | 'resolved2'>): WriteRoot {
  const first = rootOfPath(record.resolved);
  if (record.resolved2 === undefined) return first;
  const second = rootOfPath(record.resolved2);
  return ORDER.indexOf(second) > ORDER.indexOf(first) ? second : first;
}

/** Whether `path` is `folder` or lies in it, by whole components. */
export function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function isPlain(path: string): boolean {
  if (!path.startsWith('/')) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}
