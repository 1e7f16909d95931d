/**
 * Reads a JSON-lines file line by line in bounded memory. Splits at the byte 0x0A alone: a reader that also
 * splits at U+2028 would tear records apart whose paths hold it.
 */
import { createReadStream } from 'node:fs';

/** A longer line is not a record of ours. */
const MAX_LINE = 1 << 20;
const CHUNK = 256 << 10;

/**
 * Lines of a file without their ends. A last line without an end is yielded too: whoever parses it decides.
 * @throws the system's error, or an Error where a line is longer than 1 MiB
 */
export async function* fileLines(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const tail = chunk.subarray(from, at);
      yield restBytes === 0 ? tail.toString('utf8') : Buffer.concat([...rest, tail]).toString('utf8');
      rest = [];
      restBytes = 0;
      from = at + 1;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > MAX_LINE) throw new Error(`a line is longer than ${MAX_LINE} bytes`);
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8');
}
