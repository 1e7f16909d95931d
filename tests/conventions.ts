/**
 * Which calling conventions this host's processor has beside its own, tried outside of any cage. Under some hypervisors
 * `int 0x80` ends a program whatever it asks for: there is nothing then that a recorder could refuse.
 */
import { execFileSync } from 'node:child_process';

/** mov eax, 20 (getpid); int 0x80; ret */
const INT80 = `
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")
print(ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
`;

let known: boolean | null = null;

/** Whether a program that calls the kernel by `int 0x80` gets an answer here. */
export function hasInt80(): boolean {
  try {
    known ??= Number(execFileSync('python3', ['-c', INT80], { stdio: ['ignore', 'pipe', 'ignore'] })) > 0;
  } catch {
    known = false;
  }
  return known;
}
