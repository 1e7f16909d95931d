/**
 * What each attempt of images/engines/probe/probe.py must end like, and where in the evidence it must show. Data only.
 */
import type { ProofId } from '../schema/report.ts';

/** Where an attempt must show. */
export type Trace =
  /** an attempt on record that was refused: this call where one is named, a path that ends like this */
  | { in: 'writes'; call?: string; path: string }
  /** the self test shows the call refused by the engine's own profile, with the recorder's filter below it */
  | { in: 'self_test'; call: string }
  /** the last frame counts signals from inside */
  | { in: 'signals' }
  /** no attempt is recorded by itself: the set-up that refuses it was seen from inside, and this proof says so */
  | { in: 'proof'; id: ProofId };

export interface ExpectedProbe {
  id: string;
  /** every error with which it may be refused */
  refusals: string[];
  trace: Trace;
}

const READ_ONLY = ['EROFS'];
const NOT_THERE = ['EROFS', 'ENOENT'];
const FORBIDDEN = ['EPERM', 'EACCES'];
const NO_CALL = ['EPERM', 'ENOSYS'];
const NO_NETWORK = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

const PLACES = (
  '/x /etc/x /etc/passwd /usr/bin/x /usr/local/bin/proofbox-recorder /var/x /opt/x /run/x /root/x /home/x /srv/x ' +
  '/dev/x /dev/shm/x /dev/mqueue/x /boot/x /sys/x /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/1/mem ' +
  '/proc/1/oom_score_adj /sys/kernel/uevent_helper /sys/fs/cgroup/x /workspace/../etc/x /artifacts/../../x'
).split(' ');

function write(id: string, path: string, call?: string, refusals = READ_ONLY): ExpectedProbe {
  return { id, refusals, trace: call === undefined ? { in: 'writes', path } : { in: 'writes', call, path } };
}

function refused(id: string, call: string): ExpectedProbe {
  return { id, refusals: NO_CALL, trace: { in: 'self_test', call } };
}

function without(id: string, proof: ProofId, refusals: string[]): ExpectedProbe {
  return { id, refusals, trace: { in: 'proof', id: proof } };
}

/** All attempts, in the order in which they are made. */
export const EXPECTED_PROBES: ExpectedProbe[] = [
  ...PLACES.map((path) => write(`write:${path}`, path, 'openat', NOT_THERE)),
  write('mkdir_outside', '/x', 'mkdir'),
  write('symlink_outside', '/etc/x', 'symlink'),
  write('write_through_link', '/workspace/probe-link/x', 'openat'),
  write('hard_link_in', '/etc/passwd', 'link'),
  write('rename_in', '/etc/passwd', 'rename'),
  write('rename_out', '/workspace/probe-out', 'rename'),
  write('unlink_outside', '/etc/passwd', 'unlink'),
  write('chmod_outside', '/etc/passwd', 'chmod'),
  write('chown_outside', '/etc/passwd', 'chown'),
  write('utime_outside', '/etc/passwd', 'utimensat'),
  write('truncate_outside', '/etc/passwd', 'truncate'),
  write('setxattr_outside', '/etc/passwd', 'setxattr'),
  write('tmpfile_outside', '/etc', 'openat'),
  write('reopen_through_proc', '/etc/passwd', 'openat'),
  write('openat2_outside', '/etc/x', 'openat2'),
  write('socket_file_outside', '/etc/x.sock', 'bind'),
  write('fifo_outside', '/etc/x.fifo', 'mknodat'),
  write('message_queue', 'probe', 'mq_open', [...READ_ONLY, ...FORBIDDEN]),
  without('device_node', 'cage_privileges', FORBIDDEN),
  without('third_writable_mount', 'cage_mounts', READ_ONLY),
  without('set_id_program', 'cage_privileges', ['ENOENT']),
  without('new_privileges', 'cage_privileges', FORBIDDEN),
  without('any_capability', 'cage_privileges', FORBIDDEN),
  without('become_root', 'cage_privileges', FORBIDDEN),
  without('set_capabilities', 'cage_privileges', FORBIDDEN),
  refused('mount_tmpfs', 'mount'),
  refused('unmount', 'umount2'),
  refused('remount_root_writable', 'mount'),
  refused('new_mount_api', 'fsopen'),
  refused('move_a_mount', 'move_mount'),
  refused('change_root', 'chroot'),
  refused('pivot', 'pivot_root'),
  refused('user_namespace', 'unshare'),
  refused('mount_namespace', 'unshare'),
  without('namespace_by_clone3', 'cage_privileges', NO_CALL),
  without('enter_namespace_of_pid_1', 'cage_privileges', FORBIDDEN),
  refused('open_by_handle', 'open_by_handle_at'),
  without('attach_to_pid_1', 'cage_privileges', FORBIDDEN),
  without('write_memory_of_pid_1', 'cage_privileges', FORBIDDEN),
  without('root_of_pid_1', 'cage_privileges', FORBIDDEN),
  write('environment_of_pid_1', '/proc/1/environ', 'openat', FORBIDDEN),
  without('descriptors_of_pid_1', 'cage_privileges', FORBIDDEN),
  { id: 'kill_pid_1', refusals: FORBIDDEN, trace: { in: 'signals' } },
  without('kernel_key', 'cage_privileges', NO_CALL),
  refused('load_bpf', 'bpf'),
  without('performance_events', 'cage_privileges', [...NO_CALL, 'EACCES']),
  write('io_uring', '', 'io_uring_setup', ['ENOSYS']),
  without('page_faults_of_the_kernel', 'cage_privileges', NO_CALL),
  without('kernel_module', 'cage_privileges', NO_CALL),
  without('kernel_module_from_file', 'cage_privileges', NO_CALL),
  without('remove_kernel_module', 'cage_privileges', NO_CALL),
  without('other_kernel', 'cage_privileges', NO_CALL),
  without('reboot', 'cage_privileges', NO_CALL),
  refused('swap', 'swapon'),
  refused('process_accounting', 'acct'),
  without('kernel_log', 'cage_privileges', NO_CALL),
  without('set_the_clock', 'cage_privileges', NO_CALL),
  without('set_the_hostname', 'cage_privileges', NO_CALL),
  without('watch_all_files', 'cage_privileges', NO_CALL),
  refused('quota', 'quotactl'),
  write('raw_memory', '/dev/mem', 'openat', ['ENOENT', ...FORBIDDEN]),
  without('disk_device', 'cage_mounts', ['ENOENT']),
  without('network_interface', 'cage_privileges', NO_NETWORK),
  without('connect_to_address', 'cage_privileges', NO_NETWORK),
  without('send_datagram', 'cage_privileges', NO_NETWORK),
  without('connect_to_ipv6', 'cage_privileges', NO_NETWORK),
  without('cloud_metadata', 'cage_privileges', NO_NETWORK),
  without('host_gateway', 'cage_privileges', NO_NETWORK),
  without('resolve_a_name', 'cage_privileges', NO_NETWORK),
  without('raw_socket', 'cage_privileges', FORBIDDEN),
  without('packet_socket', 'cage_privileges', FORBIDDEN),
  without('abstract_socket_of_the_host', 'cage_privileges', ['ECONNREFUSED']),
  without('docker_socket', 'cage_mounts', ['ENOENT']),
  write('target_repository', '/canary/secret.txt', 'openat', ['ENOENT', ...FORBIDDEN]),
  without('more_processes_than_allowed', 'cage_privileges', ['EAGAIN']),
  without('more_files_than_allowed', 'cage_privileges', ['EMFILE']),
];
