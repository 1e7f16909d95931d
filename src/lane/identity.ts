/** Names of one run: its id, its nonce, its labels, and which process it belongs to. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

export interface RunIdentity {
  runId: string;
  nonce: string;
}

/** A fresh name and a fresh nonce. */
export function newIdentity(now: Date): RunIdentity {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return { runId: `${stamp}-${randomBytes(4).toString('hex')}`, nonce: randomBytes(16).toString('hex') };
}

/** Labels by which `proofbox gc` finds what a killed run left. */
export function ownerLabels(runId: string, role: string): Record<string, string> {
  return {
    'io.proofbox.run': runId,
    'io.proofbox.role': role,
    'io.proofbox.owner-pid': String(process.pid),
    'io.proofbox.owner-start': processStart(process.pid) ?? '',
    'io.proofbox.host': hostId(),
    'io.proofbox.created-at': new Date().toISOString(),
  };
}

/** When a process started, in the kernel's clock ticks; null where it is gone. Field 22 of proc_pid_stat(5). */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** This boot and process namespace: a pid means something only inside them. */
export function hostId(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return 'unknown';
  }
}
