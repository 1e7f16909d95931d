/** Whose a run directory is, so that what a killed harness left can be told from what is in use. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Owner } from '../schema/state.ts';
import { hostId, processStart } from './identity.ts';

/** Where the host hides its boot. */
const UNKNOWN = 'unknown';

/** This process. */
export function thisOwner(): Owner {
  const [boot = '', namespace = ''] = hostId().split('/');
  return {
    pid: process.pid,
    start: processStart(process.pid) ?? '0',
    boot: boot.replaceAll('-', ''),
    namespace: /\d+/.exec(namespace)?.[0] ?? '0',
    machine: machineId(),
  };
}

/**
 * True only where that process is surely over: its number is free or another's, or this machine was started again since.
 * A process of another machine, or of another namespace of this boot, cannot be judged and counts as alive.
 */
export function isGone(owner: Owner): boolean {
  const own = thisOwner();
  if (owner.machine !== own.machine || own.boot === UNKNOWN || owner.boot === UNKNOWN) return false;
  if (owner.boot !== own.boot) return true;
  return owner.namespace === own.namespace && processStart(owner.pid) !== owner.start;
}

const SCRAP = /^\.scrap-(\d+)-(\d+)-([0-9a-z]+)-(\d+)-([0-9a-f]+)$/;

/** Name of a folder that is of use to nobody once its owner is gone: read from the name alone, whatever is in it. */
export function scrapName({ pid, start, boot, namespace, machine }: Owner): string {
  return `.scrap-${pid}-${start}-${boot}-${namespace}-${machine}`;
}

/** @returns null for any other name */
export function scrapOwner(name: string): Owner | null {
  const [, pid, start, boot, namespace, machine] = SCRAP.exec(name) ?? [];
  if (start === undefined || boot === undefined || namespace === undefined || machine === undefined)
    return null;
  return { pid: Number(pid), start, boot, namespace, machine };
}

/** One installation of a system: machine-id(5) alone is the same in copies of one disk image. */
function machineId(): string {
  const id = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : '';
  return createHash('sha256').update(`${id}\n${hostname()}`).digest('hex').slice(0, 16);
}
