/** Keeps what streams in during a run in files no container sees. Bounded memory: each write waits for the disk. */
import { type FileHandle, open } from 'node:fs/promises';

/** A file that only grows. */
export interface SpoolFile {
  readonly path: string;
  append(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a new spool file.
 * @throws the system's error where the path exists or the disk refuses
 */
export async function openSpool(path: string): Promise<SpoolFile> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  return {
    path,
    async append(bytes) {
      let written = 0;
      while (written < bytes.length) {
        written += (await file.write(bytes, written)).bytesWritten;
      }
    },
    async close() {
      await file.sync();
      await file.close();
    },
  };
}
