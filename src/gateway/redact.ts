/** Keeps a secret out of a stream, also where it comes in pieces. */
import { Transform } from 'node:stream';

/** A stream in which every occurrence of `secret` is crossed out, byte for byte. */
export function redacting(secret: string | null): Transform {
  const needle = Buffer.from(secret ?? '');
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (needle.length === 0) return done(null, chunk);
      const bytes = Buffer.concat([held, chunk]);
      for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at))
        bytes.fill('x', at, at + needle.length);
      // What could be the beginning of the secret waits for what comes next.
      const keep = Math.min(bytes.length, needle.length - 1);
      held = Buffer.from(bytes.subarray(bytes.length - keep));
      done(null, bytes.subarray(0, bytes.length - keep));
    },
    flush(done) {
      done(null, held);
    },
  });
}
