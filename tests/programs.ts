/** Programs of Debian that some tests need beside the product's own. Installed before the first test, one after the other: apt waits for nobody. */
import { existsSync } from 'node:fs';
import { installPackages, isDebian } from '../src/docker/packages.ts';

const PACKAGE_OF = {
  runsc: 'runsc',
  podman: 'podman',
  'mkfs.btrfs': 'btrfs-progs',
  'stress-ng': 'stress-ng',
  'nats-server': 'nats-server',
  ip: 'iproute2',
  bpftrace: 'bpftrace',
} as const;

/** Without it bpftrace can do nothing, and it brings 160 MiB of LLVM along. */
const TYPES_OF_THE_KERNEL = '/sys/kernel/btf/vmlinux';

/** @throws ProofboxError that says what to type, where the program is missing and cannot be installed */
export async function needs(program: keyof typeof PACKAGE_OF): Promise<void> {
  await installPackages([PACKAGE_OF[program]], program);
}

/** For vitest. Elsewhere than on a Debian of our own the tests that need one say so themselves. */
export default async function setup(): Promise<void> {
  if (process.getuid?.() !== 0 || !(await isDebian())) return;
  for (const program of Object.keys(PACKAGE_OF) as (keyof typeof PACKAGE_OF)[])
    if (program !== 'bpftrace' || existsSync(TYPES_OF_THE_KERNEL)) await needs(program);
}
