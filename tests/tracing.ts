/** The kernel's own trace, for the tests that ask it: mounted where it is not, and left as it was found. */
import { existsSync } from 'node:fs';
import { execa } from 'execa';

const TRACEFS = '/sys/kernel/tracing';

/** Called by vitest before the first test; what it returns is called after the last. Where it cannot be, those tests say so. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.getuid?.() !== 0 || !existsSync(TRACEFS) || existsSync(`${TRACEFS}/events`)) return undefined;
  const { failed } = await execa('mount', ['-t', 'tracefs', 'nodev', TRACEFS], { reject: false });
  if (failed) return undefined;
  return async () => {
    await execa('umount', [TRACEFS], { reject: false });
  };
}
