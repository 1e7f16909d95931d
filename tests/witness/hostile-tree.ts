/** Builds what a hostile engine may leave behind, for tests only. Byte-exact names, any depth. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom copies are given to: the user of a cage where the tests run as root, nobody else where they cannot give files away. */
export const OWNER =
  process.getuid?.() === 0
    ? { uid: 64_100, gid: 64_100 }
    : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A new empty folder; remove it with `discard`. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'proofbox-test-'));
}

/** Removes a folder of any depth, without the code under test. */
export function discard(folder: string): void {
  execFileSync('rm', ['-rf', '--', folder]);
}

/** A path whose last part is these bytes. */
export function bytesPath(folder: string, name: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
}

export function makeFifo(path: string): void {
  execFileSync('mkfifo', [path]);
}

/** A file that claims to hold `size` bytes and occupies none. */
export function makeSparse(path: string, size: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  closeSync(fd);
}

/** A socket's name without anybody listening. */
export async function makeSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(path, done));
  // Renamed first, because closing the server removes the name it listened on.
  execFileSync('mv', ['--', path, `${path}.kept`]);
  await new Promise((done) => server.close(done));
  execFileSync('mv', ['--', `${path}.kept`, path]);
}

/** Nests folders named `d`; the innermost holds a file named `leaf`. */
export function makeDeep(folder: string, depth: number): void {
  let fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  for (let level = 0; level < depth; level += 1) {
    mkdirSync(`/proc/self/fd/${fd}/d`);
    const next = openSync(`/proc/self/fd/${fd}/d`, constants.O_RDONLY | constants.O_DIRECTORY);
    closeSync(fd);
    fd = next;
  }
  writeFileSync(`/proc/self/fd/${fd}/leaf`, 'leaf');
  closeSync(fd);
}

/** Names that break line-based, shell-based and UTF-8-based readers. */
export const NASTY_NAMES: Buffer[] = [
  Buffer.from('new\nline'),
  Buffer.from('esc\u001b[31mred'),
  Buffer.from([0x62, 0x61, 0x64, 0xff, 0xfe, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from('quote"back\\slash\''),
  Buffer.from(' blank '),
  Buffer.from('-rf'),
  Buffer.from('tab\tcr\r'),
  Buffer.from('\u202egpj.exe'),
  Buffer.from('a:b'),
  Buffer.from('$(touch canary)`touch canary`'),
  Buffer.from('\u{1f600}'),
  Buffer.from('=>'),
];

/** Every kind of trap in one folder. */
export async function makeHostile(folder: string): Promise<void> {
  makeFifo(join(folder, 'fifo'));
  await makeSocket(join(folder, 'socket'));
  makeSparse(join(folder, 'sparse'), 2 ** 40);
  symlinkSync('loop2', join(folder, 'loop1'));
  symlinkSync('loop1', join(folder, 'loop2'));
  symlinkSync('.', join(folder, 'self'));
  symlinkSync('/etc', join(folder, 'outside'));
  symlinkSync('/etc/passwd', join(folder, 'passwd'));
  mkdirSync(join(folder, 'names'));
  for (const name of NASTY_NAMES) writeFileSync(bytesPath(join(folder, 'names'), name), 'x\n');
  makeDeep(folder, 1_000);
}

/** Runs `act` as somebody without root's rights, where the tests run as root. */
export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(64_100);
  try {
    return await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
