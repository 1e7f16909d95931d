/**
 * Checks a recorder's accounts: what it counted, what the kernel counted and what arrived must be the same number.
 * Any difference is a gap, however small.
 */
import type { CageRecord } from '../schema/cage.ts';
import type { End, Hello } from '../schema/recorder.ts';

/**
 * Calls that exist on every architecture and change files or start programs. The self test must have seen each
 * stop, or be refused by a filter above ours; a recorder that does not know one of them proves nothing.
 */
const CORE_CALLS = (
  'openat openat2 renameat2 linkat symlinkat mkdirat mknodat unlinkat truncate fchmod fchmodat fchown fchownat ' +
  'utimensat setxattr removexattr ioctl bind execve execveat io_uring_setup mount move_mount pivot_root chroot ' +
  'unshare setns open_by_handle_at mq_open'
).split(' ');

/** A sentence, and the spot in the cage's record where it shows. */
export interface Gap {
  at: string;
  message: string;
}

/**
 * Every gap in the accounts of one cage.
 * @param record whether opens for reading were stopped too
 */
export function coverageGaps(cage: CageRecord, nonce: string, record: 'writes' | 'reads'): Gap[] {
  const gaps: Gap[] = [];
  if (cage.seen === null) gaps.push({ at: 'seen', message: 'the first frame never came' });
  else gaps.push(...selfTestGaps(cage.seen, nonce, record));
  if (!cage.stream.complete) {
    gaps.push({ at: 'stream', message: `the stream broke: ${cage.stream.problem ?? 'nobody says how'}` });
  }
  if (cage.end === null) gaps.push({ at: 'end', message: 'the last frame never came' });
  else gaps.push(...endGaps(cage.end, nonce), ...streamGaps(cage.end, cage.stream));
  return gaps;
}

function selfTestGaps(seen: Hello, nonce: string, record: 'writes' | 'reads'): Gap[] {
  const { self_test: test } = seen;
  const gaps: Gap[] = [];
  if (seen.nonce !== nonce) gaps.push({ at: 'seen/nonce', message: 'the first frame has another nonce' });
  if (seen.degraded === true) {
    const message = "degraded: the runtime's kernel has no user notification, so that no call was recorded";
    return [...gaps, { at: 'seen/degraded', message }];
  }
  if (test.missing.length > 0) {
    gaps.push({ at: 'seen/self_test', message: `the self test saw no stop for ${test.missing.join(', ')}` });
  }
  const unseen = CORE_CALLS.filter(
    (name) => !test.notified.includes(name) && !Object.hasOwn(test.shadowed, name),
  );
  if (unseen.length > 0) {
    gaps.push({ at: 'seen/self_test', message: `the self test did not try ${unseen.join(', ')}` });
  }
  if (record === 'writes' && !test.read_passes) {
    gaps.push({ at: 'seen/self_test', message: 'in the self test an open for reading stopped' });
  }
  return gaps;
}

function endGaps(end: End, nonce: string): Gap[] {
  const gaps: Gap[] = [];
  const differ = (what: string, left: number | bigint, right: number | bigint, at = 'end/notifications') => {
    if (left !== right) gaps.push({ at, message: `${what}: ${left} and ${right}` });
  };
  if (end.nonce !== nonce) gaps.push({ at: 'end/nonce', message: 'the last frame has another nonce' });
  if (end.ended_by === 'harness_gone')
    gaps.push({ at: 'end/ended_by', message: 'the recorder lost its harness' });
  const n = end.notifications;
  differ('calls received, and answered or gone', n.received, n.answered + n.gone);
  const sorted = n.recorded_writes + n.recorded_programs + n.not_writes + n.reads_unrecorded;
  differ('calls received, and accounted for', n.received, sorted);
  differ('writes recorded, and records sent', n.recorded_writes, end.records);
  differ('programs recorded, and records sent', n.recorded_programs, end.programs);
  const made = kernelCount(n.kernel_first_id, n.kernel_last_id);
  if (made === null) gaps.push({ at: 'end/notifications', message: "the kernel's numbers do not parse" });
  else
    differ(
      'calls the kernel stopped, and received or cancelled',
      made,
      BigInt(n.received) + BigInt(n.cancelled),
    );
  return gaps;
}

function streamGaps(end: End, stream: CageRecord['stream']): Gap[] {
  const pairs: [string, number, number][] = [
    ['write records sent, and received', end.records, stream.records],
    ['program records sent, and received', end.programs, stream.programs],
    ['bytes of standard output sent, and received', end.stdout_bytes, stream.stdout_bytes],
    ['bytes of standard error sent, and received', end.stderr_bytes, stream.stderr_bytes],
  ];
  return pairs.flatMap(([what, sent, received]) =>
    sent === received ? [] : [{ at: 'stream', message: `${what}: ${sent} and ${received}` }],
  );
}

/** How many numbers the kernel gave out; they are 64 bits wide and may come as text. */
function kernelCount(first: number | string, last: number | string): bigint | null {
  const [from, to] = [first, last].map(wide);
  return from == null || to == null ? null : to - from + 1n;
}

function wide(id: number | string): bigint | null {
  return /^(?:0x[0-9a-f]+|[0-9]+)$/i.test(String(id)) ? BigInt(id) : null;
}
