/**
 * What the kernel is asked to count, as a program for bpftrace. It knows nothing of the recorder: it counts every system call
 * that the kernel goes on with, and every change of an inode, of all tasks below PID 1 of each container. What may be called by
 * whom is judged afterwards, elsewhere.
 *
 * Only tracepoints: a kernel that forbids that its functions are patched while it runs still has those. Only counters in the
 * kernel's own maps: lines that are printed can be lost, a count can not.
 */

/**
 * What differs between kernels. `struct pid` ends with an array of which bpftrace cannot take an element, and where it begins
 * depends on its declaration. The flags of an inode have names since they are an enumeration, and had other numbers before.
 */
export interface Kernel {
  /** the array in `$pid`, by the level of a namespace */
  layout: string;
  /** flags of a change of an inode: nothing but times, nothing but pages */
  flags: { times: string; pages: string };
  /** of the namespaces of containers: one more than that of the host */
  level: number;
}

/** Tracepoints and a field of each. */
export const NEEDED: Record<string, string> = {
  'raw_syscalls/sys_enter': 'id',
  'raw_syscalls/sys_exit': 'id',
  'ext4/ext4_journal_start_inode': 'type',
  'ext4/ext4_journal_start_sb': 'type',
  'writeback/writeback_mark_inode_dirty': 'ino',
};

export const LAYOUTS = ['(struct upid *)($pid + 1)', '((struct upid *)($pid + 1)) - 1'];
export const FLAGS = [
  { times: 'I_DIRTY_SYNC | I_DIRTY_TIME', pages: 'I_DIRTY_PAGES' },
  { times: '0x801', pages: '0x4' },
];

/** Prints how deep the namespace of this process lies, and its number as one of the layouts finds it. */
export const trial = (layout: string, { times, pages }: Kernel['flags'], level: number): string => `BEGIN {
  $pid = curtask->thread_pid;
  $at = ${layout};
  $ns = ($at + ${level})->ns;
  printf("%d %u %d\\n", $pid->level, $ns->ns.inum, ${times} | ${pages});
  exit();
}
`;

/** Of a task in a container, and not of its first process: `$cage` is when that one began, which no second one shares. */
const inside = ({ layout, level }: Kernel, what: string): string => `
  $pid = curtask->thread_pid;
  if ($pid->level == ${level}) {
    $at = ${layout};
    $ns = ($at + ${level})->ns;
    $first = $ns->child_reaper;
    if ((uint64)curtask->group_leader != (uint64)$first) {
      $cage = $first->start_boottime;
      ${what}
    }
  }`;

/**
 * Until the first program is started, the first child is a copy of PID 1 that sets up the cage's filter; nothing of the
 * engine's has run by then. The containers are told apart by their control groups, which are named after them.
 */
const BEGINS = `
      if (@begun[$cage] == 0 && $abi == 0 && (args->id == 59 || args->id == 322)) {
        @begun[$cage] = 1;
        @name[$cage, str(curtask->cgroups->dfl_cgrp->kn->name)] = 1;
        @name[$cage, str(curtask->cgroups->subsys[0]->cgroup->kn->name)] = 1;
      }`;

/** The part of the arguments that says whether a call changes anything: flags, a command, or the kind of an address. */
const DETAIL = `
        $detail = (uint64)0;
        if ($abi == 0) {
          if (args->id == 2 || args->id == 240) { $detail = args->args[1] & 0x600243; }
          else if (args->id == 257) { $detail = args->args[2] & 0x600243; }
          else if (args->id == 437) { $detail = *(uint64 *)uptr(args->args[2]) & 0x600243; }
          else if (args->id == 16) { $detail = args->args[1] & 0xffffffff; }
          else if (args->id == 56) { $detail = args->args[0] & 0x7e020000; }
          else if (args->id == 272) { $detail = args->args[0] & 0x7e020080; }
          else if (args->id == 49) { $detail = (uint64)*(uint16 *)uptr(args->args[1]); }
        }`;

/** Kept while a task is in a call: the detail above its number, and one more than that, so that 0 is no call. */
const ENTERS = `
        if (args->id == 60 || args->id == 231) { delete(@in[tid]); }
        else if ($abi == 1 || args->id > 0xfff) { @in[tid] = (int64)0x10000; }
        else { @in[tid] = (int64)($detail * 0x10000 + args->id + 1); }`;

/**
 * - `@calls[cage, number, abi, detail]`: calls that the kernel went on with, after all filters. `abi` 1 is `int 0x80`; an x32
 *   number has its own bit.
 * - `@journal[cage, call, kind]`: what ext4 opened its journal for. `call` is what the task was in, 0 where in none.
 * - `@dirty[cage, call, what, number, device]`: changed inodes, whatever file system they lie on. `what` is 0 for times alone, 1
 *   for pages alone, 2 for more; the device is `(unknown)` where there is none: pipes, sockets, files in memory. A file system
 *   also changes pages of its device itself, by whoever is at hand: that inode has the device's number, which is why a number
 *   that looks like one is kept.
 * - `@total` and `@changes` for each cage: whether the others had room for everything.
 */
export function program(kernel: Kernel): string {
  const within = (what: string) => inside(kernel, what);
  return `
tracepoint:raw_syscalls:sys_enter {${within(`
      $abi = (uint64)((curtask->thread_info.status & 2) / 2);${BEGINS}
      if (@begun[$cage] == 1) {${DETAIL}
        @calls[$cage, args->id, $abi, $detail] = count();
        @total[$cage] = count();${ENTERS}
      }`)}
}
tracepoint:raw_syscalls:sys_exit {
  $pid = curtask->thread_pid;
  if ($pid->level == ${kernel.level} && @in[tid] != 0) { delete(@in[tid]); }
}
tracepoint:ext4:ext4_journal_start_inode, tracepoint:ext4:ext4_journal_start_sb {${within(`
      if (@begun[$cage] == 1) {
        @journal[$cage, @in[tid], args->type] = count();
        @changes[$cage] = count();
      }`)}
}
tracepoint:writeback:writeback_mark_inode_dirty {${within(`
      if (@begun[$cage] == 1) {
        $what = 2;
        $number = (uint64)0;
        if ((args->flags & (0xffffffff - (${kernel.flags.times}))) == 0) { $what = 0; }
        else if (args->flags == ${kernel.flags.pages}) {
          $what = 1;
          if ((args->ino & 0xfffff) < 0x400) { $number = args->ino; }
        }
        @dirty[$cage, @in[tid], $what, $number, args->name] = count();
        @changes[$cage] = count();
      }`)}
}
interval:ms:100 { if (@ready == 0) { @ready = 1; printf("ready\\n"); } }
`;
}
