/**
 * Every defence, how it is taken away, and the attack that then succeeds or goes unseen. Data only.
 * `from` is text of the product as it is: where it is not found, the test says so.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';
import { hasInt80 } from '../../conventions.ts';

export interface Edit {
  /** below the package root: Dockerfile.sandbox, one of the recorder's sources, or what is compiled from src */
  file: string;
  from: string | RegExp;
  to: string;
}

export interface Defence {
  id: string;
  /** for the table */
  what: string;
  edits: Edit[];
}

/** One attack that needs one defence. */
export interface Need {
  defence: string;
  /** other defences that stop the attack as well: it must be stopped by this one alone once they are gone */
  besides?: string[];
  attack: string;
  /** stands in the account of the run only where the defence is gone */
  shows?: RegExp;
  /** stands there only while the defence is in place */
  hides?: RegExp;
  flags?: string[];
}

const SPEC = 'dist/cage/spec.js';
const recorder = (file: string, from: string | RegExp, to: string): Edit => ({
  file: `images/recorder/${file}`,
  from,
  to,
});
const cage = (id: string, what: string, from: string | RegExp, to: string): Defence => ({
  id,
  what,
  edits: [{ file: SPEC, from, to }],
});
const filter = (id: string, what: string, from: string, to = ''): Defence => ({
  id,
  what,
  edits: [recorder('filter.c', from, to)],
});

const CAGE: Defence[] = [
  {
    id: 'network-none',
    what: 'no network',
    edits: [
      { file: SPEC, from: 'NetworkDisabled: true', to: 'NetworkDisabled: false' },
      { file: SPEC, from: "NetworkMode: 'none'", to: "NetworkMode: 'bridge'" },
    ],
  },
  cage('two-binds', 'two binds and no more', 'Binds: [', "Binds: ['/:/host:ro',"),
  cage(
    'read-only-root',
    'a root file system that nobody can write',
    'ReadonlyRootfs: true',
    'ReadonlyRootfs: false',
  ),
  cage('ipc-none', 'no shared memory', "IpcMode: 'none'", "IpcMode: 'private'"),
  cage('own-host-name', 'a host name of its own', "Hostname: 'cage',", "Hostname: '',"),
  cage('uts-namespace', 'names of its own', "UTSMode: ''", "UTSMode: 'host'"),
  cage('cgroup-namespace', 'control groups of its own', "CgroupnsMode: 'private'", "CgroupnsMode: 'host'"),
  cage('no-capability', 'no capability', "CapDrop: ['ALL']", 'CapDrop: []'),
  cage('not-root', 'a user that is not root', /User: `.*`/, "User: '0:0'"),
  cage('masked-paths', 'kernel files that are hidden', 'MaskedPaths: MASKED_PATHS', 'MaskedPaths: []'),
  cage(
    'read-only-paths',
    'kernel files that nobody can write',
    'ReadonlyPaths: READONLY_PATHS',
    'ReadonlyPaths: []',
  ),
  cage('no-group', 'no group of the host', 'GroupAdd: []', "GroupAdd: ['0']"),
  cage('processes', 'a limit on processes', 'PidsLimit: limits.pids', 'PidsLimit: 500'),
  cage(
    'memory',
    'a limit on memory',
    /Memory: limits\.memory_bytes,\s+MemorySwap: limits\.memory_bytes/,
    'Memory: 1 << 30, MemorySwap: 1 << 30',
  ),
  cage(
    'open-files',
    'a limit on open files',
    'Soft: limits.nofile, Hard: limits.nofile',
    'Soft: 9000, Hard: 9000',
  ),
  cage(
    'file-size',
    'a limit on the size of a file',
    'Soft: limits.workspace_bytes, Hard: limits.workspace_bytes',
    'Soft: -1, Hard: -1',
  ),
  cage('no-new-privileges', 'no privilege by starting a program', "['no-new-privileges:true']", '[]'),
  cage(
    'engine-profile',
    "the container engine's own profile",
    "['no-new-privileges:true']",
    "['no-new-privileges:true', 'seccomp=unconfined']",
  ),
];

const RECORDER: Defence[] = [
  {
    id: 'verdict',
    what: 'what lies in neither root is refused',
    edits: [
      recorder(
        'handle.c',
        'a->error = a->root == RT_NONE ? refusal_errno(call, worst, a->flags) : 0;',
        'a->error = 0;',
      ),
    ],
  },
  filter('opens-to-write', 'opening to write stops', 'stop_if(nr, flags, O_ACCMODE, O_WRONLY);'),
  filter(
    'opens-to-read-and-write',
    'opening to read and write stops',
    'stop_if(nr, flags, O_ACCMODE, O_RDWR);',
  ),
  filter('opens-in-mode-three', 'the third access mode stops', 'stop_if(nr, flags, O_ACCMODE, O_ACCMODE);'),
  filter('opens-to-create', 'creating stops, whatever the mode', 'stop_if(nr, flags, O_CREAT, O_CREAT);'),
  filter('opens-to-empty', 'emptying stops, whatever the mode', 'stop_if(nr, flags, O_TRUNC, O_TRUNC);'),
  filter(
    'other-conventions',
    'calls of another convention stop',
    'must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_NOTIFY), "foreign ABI");',
  ),
  filter('limits-of-pid-1', 'limits of PID 1 are its own', 'refuse_if(__NR_prlimit64, 0, 1);'),
  filter('processor-of-pid-1', 'so are its processors', 'refuse_if(__NR_sched_setaffinity, 0, 1);'),
  filter('scheduler-of-pid-1', 'its scheduler', 'refuse_if(__NR_sched_setscheduler, 0, 1);'),
  filter('parameters-of-pid-1', "its scheduler's parameters", 'refuse_if(__NR_sched_setparam, 0, 1);'),
  filter('attributes-of-pid-1', "its scheduler's attributes", 'refuse_if(__NR_sched_setattr, 0, 1);'),
  filter('priority-of-pid-1', 'its priority', 'refuse_if2(__NR_setpriority, 0, PRIO_PROCESS, 1, 1);'),
  filter('priority-of-its-group', 'by its group', 'refuse_if2(__NR_setpriority, 0, PRIO_PGRP, 1, 1);'),
  filter('priority-of-its-user', 'by its user', 'refuse_if(__NR_setpriority, 0, PRIO_USER);'),
  filter('io-of-pid-1', 'its place at the disk', 'refuse_if2(__NR_ioprio_set, 0, 1, 1, 1);'),
  filter('io-of-its-group', 'by its group', 'refuse_if2(__NR_ioprio_set, 0, 2, 1, 1);'),
  filter('io-of-its-user', 'by its user', 'refuse_if(__NR_ioprio_set, 0, 3);'),
  filter('pages-of-pid-1', 'its memory stays where it is', 'refuse_if(__NR_move_pages, 0, 1);'),
  filter('nodes-of-pid-1', 'on the node where it is', 'refuse_if(__NR_migrate_pages, 0, 1);'),
  filter('trace-of-pid-1', 'nobody traces it', 'refuse_if(__NR_ptrace, 1, 1);'),
  filter('handle-of-pid-1', 'nobody has a handle of it', 'refuse_if(__NR_pidfd_open, 0, 1);'),
  filter(
    'no-userfaultfd',
    'no page that only the engine can provide',
    'must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), __NR_userfaultfd, 0), "rule");',
  ),
  filter(
    'no-clone3',
    'no flags where no filter can look',
    'must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), __NR_clone3, 0), "rule");',
  ),
  {
    id: 'not-dumpable',
    what: 'the recorder cannot be read',
    edits: [recorder('main.c', 'if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)', 'if (0)')],
  },
  {
    id: 'no-input',
    what: 'nothing of the recorder on standard input',
    edits: [recorder('children.c', 'dup2(null, 0) < 0 || ', '')],
  },
  {
    id: 'descriptors-closed',
    what: 'nothing of the recorder left open',
    edits: [
      recorder('children.c', 'syscall(__NR_close_range, 3u, ~0u, 0u);', ''),
      recorder(
        'children.c',
        'int null = open("/dev/null", O_RDONLY);',
        'int null = open("/dev/null", O_RDONLY); dup(1);',
      ),
    ],
  },
  {
    id: 'deaf-to-the-inside',
    what: 'signals from inside steer nothing',
    edits: [recorder('main.c', 'if (info.ssi_pid != 0)', 'if (0)')],
  },
  {
    id: 'everyone-ends',
    what: 'the end of the engine ends all of it',
    edits: [
      recorder(
        'main.c',
        /static bool everyone_is_gone\(void\) \{\s+kill\(-1, SIGKILL\);/,
        'static bool everyone_is_gone(void) {',
      ),
    ],
  },
  {
    id: 'follows-links',
    what: 'links are followed',
    edits: [recorder('resolve.c', 'if (part != at || !follow) {', 'if (1) {')],
  },
  {
    id: 'follows-the-last-link',
    what: 'so is one in the last place',
    edits: [recorder('resolve.c', '(how & RS_FOLLOW) || ', '')],
  },
  {
    id: 'own-proc-names',
    what: "/proc/self is the caller's",
    edits: [recorder('resolve.c', 'if (strcmp(folder, "/proc") != 0) return part;', 'return part;')],
  },
  { id: 'dots', what: '.. is followed', edits: [recorder('resolve.c', 'to_parent(out->path, floor);', '')] },
  {
    id: 'relative-to-descriptors',
    what: 'a descriptor is a place',
    edits: [recorder('caller.c', 'if (dir != AT_FDCWD) {', 'if (0) {')],
  },
  {
    id: 'whole-names',
    what: 'a root ends with its name',
    edits: [recorder('judge.c', "(path[n] == '\\0' || path[n] == '/')", '1')],
  },
  {
    id: 'own-entries-only',
    what: "another's entry in /proc is not its own",
    edits: [
      recorder(
        'judge.c',
        "return (*end == '/' || *end == '\\0') && pid != 1 && (pid == c->tgid || pid == c->tid);",
        'return true;',
      ),
    ],
  },
  {
    id: 'both-names',
    what: 'both names of a call count',
    edits: [recorder('handle.c', 'a->root = root1 > root2 ? root1 : root2;', 'a->root = root1;')],
  },
  {
    id: 'unread-is-refused',
    what: 'what cannot be read is refused',
    edits: [
      recorder(
        'handle.c',
        'static int refuse(struct attempt *a, int error, const char *reason) {',
        'static int refuse(struct attempt *a, int error, const char *reason) {\n  if (reason != NULL && strcmp(reason, "bad_address") == 0) return 0;',
      ),
    ],
  },
  {
    id: 'attribute-commands',
    what: 'attributes by a descriptor stop',
    edits: [
      recorder(
        'filter.c',
        'case __NR_ioctl: stop_commands_of_file_systems(); return;',
        'case __NR_ioctl: return;',
      ),
    ],
  },
  {
    id: 'new-namespaces',
    what: 'new namespaces stop',
    edits: [
      recorder(
        'filter.c',
        'case __NR_clone: stop_new_namespaces(call->nr, false); return;',
        'case __NR_clone: return;',
      ),
    ],
  },
];

const CALLS = readFileSync(join(PACKAGE_ROOT, 'images/recorder/calls.c'), 'utf8');

/** The lines of the recorder's table, one defence for each call in it. */
export const TABLE_OF_CALLS: Defence[] = [
  ...CALLS.matchAll(/^ {4}(?:CALL|CALL_NR|PATH1|FD1|REFUSE|REFUSE_NR)\((\w+),.*$/gm),
].map(([line, name]) => ({
  id: `call-${name}`,
  what: `${name} stops`,
  edits: [recorder('calls.c', `${line}\n`, '')],
}));

const host = (id: string, what: string, file: string, from: string | RegExp, to: string): Defence => ({
  id,
  what,
  edits: [{ file: `dist/${file}`, from, to }],
});

const HOST: Defence[] = [
  host(
    'time-limit',
    'the time limit ends the engine',
    'cage/run.js',
    /this\.#after\(this\.options\.timeoutMs.*\n/,
    '',
  ),
  host('output-limit', 'so does the limit on output', 'cage/run.js', "this.#stop('output_limit');", ''),
  host(
    'space-while',
    'so does the limit on space, while it runs',
    'lane/engine-cage.js',
    "(await isOverSpace(context)) ? 'workspace_limit' : null",
    'null',
  ),
  host(
    'space-after',
    'and once it has ended',
    'lane/engine-cage.js',
    'if (exit.stop_reason !== null || !(await isOverSpace(context)))',
    'if (true)',
  ),
  host(
    'planted-aside',
    'what was planted is moved aside',
    'evidence/seal.js',
    /if \(!expected\)\s+planted\.push\(\{ from: path, label \}\);/,
    '',
  ),
  host(
    'inputs-compared',
    'its inputs are compared',
    'lane/collect.js',
    "if (now?.toString('utf8') !== text)",
    'if (false)',
  ),
  host(
    'inputs-listed',
    'its inputs are counted',
    'lane/collect.js',
    '.filter((name) => !Object.hasOwn(inputs, name))',
    '.filter(() => false)',
  ),
  host('allowed-files', 'a change must be allowed', 'proofs/changes-allowed.js', 'if (allowed)', 'if (true)'),
  host('links-are-links', 'a link is a link', 'witness/walk.js', /lstatSync/g, 'statSync'),
  host('enters-no-link', 'no link is entered', 'witness/directories.js', ' | constants.O_NOFOLLOW', ''),
  host(
    'waits-for-nothing',
    'no FIFO is waited for',
    'witness/content.js',
    'constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK',
    'constants.O_RDONLY',
  ),
];

const image = (id: string, what: string, line: string): Defence => ({
  id,
  what,
  edits: [{ file: 'Dockerfile.sandbox', from: ` && ${line} \\\n`, to: '' }],
});

const IMAGE: Defence[] = [
  image(
    'no-set-id-program',
    'no program of the image runs as somebody else',
    'find / -xdev -type f -perm /6000 -exec chmod a-s {} +',
  ),
  image(
    'no-folder-for-everybody',
    'no folder of the image may be written by everybody',
    'find / -xdev -type d -perm -0002 -exec chmod o-w {} +',
  ),
  {
    id: 'temporary-links',
    what: 'temporary folders lead to run_artifact_dir',
    edits: [
      { file: 'Dockerfile.sandbox', from: ' && rm -rf /tmp /var/tmp /home/engine \\\n', to: '' },
      { file: 'Dockerfile.sandbox', from: ' && ln -s /artifacts/backend/tmp /tmp \\\n', to: '' },
      { file: 'Dockerfile.sandbox', from: ' && ln -s /artifacts/backend/var-tmp /var/tmp \\\n', to: '' },
    ],
  },
];

export const DEFENCES: Defence[] = [...CAGE, ...RECORDER, ...TABLE_OF_CALLS, ...HOST, ...IMAGE];

/** Calls that the container engine's own profile refuses before this filter is asked, on the hosts that this was tried on. */
const SHADOWED = new Set(
  (
    'fchmodat2 setxattrat removexattrat file_setattr mount umount2 pivot_root move_mount open_tree open_tree_attr fsopen ' +
    'fsconfig fsmount fspick mount_setattr chroot setns unshare clone swapon swapoff acct quotactl quotactl_fd bpf ' +
    'open_by_handle_at'
  ).split(' '),
);

const EVERY_CALL: Need[] = TABLE_OF_CALLS.map(({ id }) => id.slice('call-'.length)).map((name) => ({
  defence: `call-${name}`,
  ...(SHADOWED.has(name) ? { besides: ['engine-profile'] } : {}),
  attack: 'evasion/every-call',
  hides: new RegExp(`^${name.startsWith('execve') ? 'program' : 'denied'} ${name}(?: |$)`, 'm'),
}));

export const NEEDS: Need[] = [
  ...EVERY_CALL,
  {
    defence: 'engine-profile',
    besides: ['call-clone'],
    attack: 'evasion/user-namespace',
    shows: /says: clone: done/,
  },
  { defence: 'network-none', attack: 'seekers/network-interfaces', shows: /says: interfaces: .*eth0/ },
  { defence: 'two-binds', attack: 'seekers/other-mounts', shows: /says: found: .*\/host/ },
  { defence: 'cgroup-namespace', attack: 'seekers/cgroup-paths', shows: /says: named: True/ },
  { defence: 'own-host-name', attack: 'evasion/names-of-the-host', shows: /says: hostname: (?!cage)/ },
  {
    defence: 'uts-namespace',
    besides: ['own-host-name'],
    attack: 'evasion/names-of-the-host',
    shows: /says: hostname: (?![0-9a-f]{12}$)/m,
  },
  { defence: 'masked-paths', attack: 'seekers/kernel-files', shows: /says: \/proc\/interrupts: [1-9]/ },
  {
    defence: 'no-capability',
    besides: ['not-root'],
    attack: 'evasion/capabilities',
    shows: /says: device: done/,
  },
  {
    defence: 'not-root',
    besides: ['no-capability'],
    attack: 'evasion/capabilities',
    shows: /says: device: done/,
  },
  { defence: 'no-capability', attack: 'evasion/capabilities', shows: /says: CapBnd: 0*[1-9a-f]/ },
  { defence: 'not-root', attack: 'evasion/capabilities', shows: /says: Uid: 0/ },
  { defence: 'no-group', attack: 'evasion/capabilities', shows: /says: Groups: .*\b0\b/ },
  {
    defence: 'read-only-root',
    besides: ['not-root', 'verdict'],
    attack: 'evasion/mkdir-outside',
    shows: /says: .*done/,
  },
  {
    defence: 'verdict',
    besides: ['not-root', 'read-only-root'],
    attack: 'evasion/mkdir-outside',
    shows: /says: .*done/,
  },
  {
    defence: 'not-root',
    besides: ['verdict', 'read-only-root'],
    attack: 'evasion/mkdir-outside',
    shows: /says: .*done/,
  },
  { defence: 'verdict', attack: 'evasion/mkdir-outside', hides: /^denied mkdir/m },
  {
    defence: 'ipc-none',
    besides: ['verdict'],
    attack: 'evasion/shared-memory-device',
    shows: /says: \/dev\/shm\/x: done/,
  },
  {
    defence: 'verdict',
    besides: ['ipc-none'],
    attack: 'evasion/shared-memory-device',
    shows: /says: \/dev\/shm\/x: done/,
  },
  {
    defence: 'read-only-paths',
    besides: ['verdict', 'not-root'],
    attack: 'evasion/kernel-settings',
    shows: /says: \/proc\/sys\/vm\/drop_caches: done/,
  },
  { defence: 'processes', attack: 'bombs/counted', shows: /says: children: \d{3}/ },
  { defence: 'open-files', attack: 'bombs/counted', shows: /says: files: 8[0-9]{3}/ },
  { defence: 'file-size', attack: 'bombs/counted', shows: /says: bytes: done/ },
  { defence: 'memory', attack: 'bombs/memory-counted', shows: /says: held/ },
  { defence: 'time-limit', attack: 'bombs/overtime', shows: /says: slept/ },
  { defence: 'output-limit', attack: 'bombs/overprint', hides: /code: output_limit/ },
  {
    defence: 'space-while',
    besides: ['space-after'],
    attack: 'bombs/overfill',
    hides: /code: workspace_limit/,
  },
  {
    defence: 'space-after',
    besides: ['space-while'],
    attack: 'bombs/overfill',
    hides: /code: workspace_limit/,
  },
  { defence: 'planted-aside', attack: 'forged/report-file', hides: /code: forged_artifact/ },
  { defence: 'inputs-compared', attack: 'forged/inputs-altered', hides: /code: forged_artifact/ },
  { defence: 'inputs-listed', attack: 'forged/inputs-added', hides: /code: forged_artifact/ },
  { defence: 'allowed-files', attack: 'tests/edited', hides: /code: disallowed_file/ },
  {
    defence: 'links-are-links',
    besides: ['enters-no-link'],
    attack: 'readers/link-to-the-host',
    shows: /changed: counter\/folder\.py\/canary/,
  },
  {
    defence: 'enters-no-link',
    besides: ['links-are-links'],
    attack: 'readers/link-to-the-host',
    shows: /changed: counter\/folder\.py\/canary/,
  },
  { defence: 'opens-to-write', attack: 'evasion/open-modes', hides: /^denied openat \/etc\/passwd/m },
  { defence: 'opens-to-read-and-write', attack: 'evasion/open-modes', hides: /^denied openat \/etc\/group/m },
  {
    defence: 'opens-in-mode-three',
    attack: 'evasion/open-modes',
    hides: /^denied openat \/etc\/hosts\.allow/m,
  },
  { defence: 'opens-to-create', attack: 'evasion/open-modes', hides: /^denied openat \/etc\/created/m },
  { defence: 'opens-to-empty', attack: 'evasion/open-modes', hides: /^denied openat \/etc\/profile/m },
  { defence: 'other-conventions', attack: 'evasion/other-convention-x32', hides: /^denied x32:/m },
  // Only where the processor has such calls at all is there something to be hidden.
  ...(hasInt80()
    ? [{ defence: 'other-conventions', attack: 'evasion/other-convention-80', hides: /^denied i386:/m }]
    : []),
  { defence: 'limits-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: prlimit: done/ },
  { defence: 'processor-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: affinity: done/ },
  { defence: 'scheduler-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: scheduler: done/ },
  { defence: 'parameters-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: parameters: done/ },
  { defence: 'attributes-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: attributes: done/ },
  { defence: 'priority-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: setpriority: done/ },
  {
    defence: 'priority-of-its-group',
    attack: 'evasion/starve-the-recorder',
    shows: /says: setpriority of the group: done/,
  },
  {
    defence: 'priority-of-its-user',
    attack: 'evasion/starve-the-recorder',
    shows: /says: setpriority of the user: done/,
  },
  { defence: 'io-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: input and output: done/ },
  {
    defence: 'io-of-its-group',
    attack: 'evasion/starve-the-recorder',
    shows: /says: input and output of the group: done/,
  },
  {
    defence: 'io-of-its-user',
    attack: 'evasion/starve-the-recorder',
    shows: /says: input and output of the user: done/,
  },
  {
    defence: 'pages-of-pid-1',
    besides: ['engine-profile', 'not-dumpable'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: move: (?!EPERM)/,
  },
  {
    defence: 'nodes-of-pid-1',
    besides: ['engine-profile', 'not-dumpable'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: migrate: (?!EPERM)/,
  },
  {
    defence: 'trace-of-pid-1',
    besides: ['not-dumpable'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: trace: done/,
  },
  {
    defence: 'not-dumpable',
    besides: ['trace-of-pid-1'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: trace: done/,
  },
  { defence: 'handle-of-pid-1', attack: 'evasion/starve-the-recorder', shows: /says: handle: done/ },
  {
    defence: 'no-userfaultfd',
    besides: ['engine-profile'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: faults: (?!EPERM)/,
  },
  {
    defence: 'no-clone3',
    besides: ['engine-profile'],
    attack: 'evasion/starve-the-recorder',
    shows: /says: clone3: (?!ENOSYS)/,
  },
  { defence: 'not-dumpable', attack: 'seekers/memory-of-the-recorder', shows: /says: environ: done/ },
  { defence: 'no-input', attack: 'seekers/own-descriptors', shows: /says: input: (?!\/dev\/null)/ },
  { defence: 'descriptors-closed', attack: 'seekers/own-descriptors', shows: /says: descriptors: 0 1 2 ./ },
  { defence: 'deaf-to-the-inside', attack: 'evasion/kill-the-recorder', hides: /says: alive: True/ },
  { defence: 'everyone-ends', attack: 'stragglers/daemon', shows: /changed: counter\/late\.py/ },
  {
    defence: 'follows-links',
    attack: 'evasion/through-a-link',
    shows: /^allowed \w+ \/workspace\/counter\/way\.py\/linked/m,
  },
  {
    defence: 'follows-the-last-link',
    attack: 'evasion/follows-a-parent',
    hides: /^denied openat \/etc\/last/m,
  },
  { defence: 'own-proc-names', attack: 'evasion/own-cwd-link', hides: /^denied openat \/usr\/cwd-planted/m },
  { defence: 'dots', attack: 'evasion/dot-dot', shows: /^allowed openat \/workspace\/etc\/climbed/m },
  {
    defence: 'relative-to-descriptors',
    attack: 'evasion/descriptor-relative',
    shows: /^allowed \w+ \/workspace\/(?!counter)/m,
  },
  {
    defence: 'whole-names',
    attack: 'evasion/name-beside-a-root',
    hides: /^denied mkdir \/workspace-beside/m,
  },
  { defence: 'own-entries-only', attack: 'evasion/recorders-files', hides: /^denied openat \/proc\/1\//m },
  {
    defence: 'both-names',
    attack: 'evasion/second-path',
    hides: /^denied rename \/artifacts\/backend\/own \/etc\/own/m,
  },
  { defence: 'unread-is-refused', attack: 'evasion/bad-pointer', hides: /^denied open$/m },
  { defence: 'attribute-commands', attack: 'evasion/every-call', hides: /^denied ioctl /m },
  {
    defence: 'new-namespaces',
    besides: ['engine-profile'],
    attack: 'evasion/user-namespace',
    hides: /^denied clone/m,
  },
  { defence: 'no-set-id-program', attack: 'evasion/set-user-program', shows: /says: programs: [1-9]/ },
  {
    defence: 'no-folder-for-everybody',
    attack: 'evasion/folders-for-everybody',
    shows: /says: \/run\/lock: /,
  },
  {
    defence: 'no-folder-for-everybody',
    besides: ['read-only-root', 'verdict'],
    attack: 'evasion/folders-for-everybody',
    shows: /says: \/run\/lock: done/,
  },
  {
    defence: 'verdict',
    besides: ['read-only-root', 'no-folder-for-everybody'],
    attack: 'evasion/folders-for-everybody',
    shows: /says: \/run\/lock: done/,
  },
  {
    defence: 'temporary-links',
    attack: 'evasion/temporary-places',
    hides: /^allowed openat \/artifacts\/backend\/tmp\/hidden/m,
  },
];

/** Defences that no attack of the corpus needs, and why they stay. */
export const UNNEEDED: Record<string, string> = {
  'waits-for-nothing':
    "what is no file is known before anything is opened; it stands against what takes a file's place in between, and once the container is gone nobody is left to do that",
  'no-new-privileges':
    'the recorder sets the same on the engine before it installs its filter, and cannot do without it',
};
