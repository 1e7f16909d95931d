/**
 * Takes the attach stream apart: Docker's multiplexing first, the recorder's frames inside it second.
 * Never guesses: the first byte out of place ends the reading with a problem.
 *
 * Docker's header (Docker Engine API, "Attach to a container"): stream number, three zero bytes, length as
 * big-endian uint32. The recorder's header (images/recorder/README.md): `p`, `b`, type, zero, length likewise,
 * then a CRC-32 that runs over all frames.
 */
import { crc32 } from 'node:zlib';

const DOCKER_HEADER = 8;
const RECORDER_HEADER = 12;
/** What of the recorder's header its checksum covers. */
const SUMMED = 8;
/** The recorder promises no payload above this. */
const MAX_PAYLOAD = 1 << 20;

export type FrameType = 'H' | 'W' | 'P' | 'O' | 'E' | 'Z';
export interface Frame {
  type: FrameType;
  payload: Buffer;
}

const TYPES = new Set<string>(['H', 'W', 'P', 'O', 'E', 'Z']);

/** A stream that broke its own format; `message` says where. */
export class StreamProblem extends Error {}

/** Collects bytes until a whole header and body are there. */
class Assembler {
  #rest: Buffer = Buffer.alloc(0);
  readonly #header: number;

  constructor(header: number) {
    this.#header = header;
  }

  /** Adds bytes and yields every whole record: header and body. */
  *push(chunk: Buffer, lengthOf: (header: Buffer) => number): Generator<{ header: Buffer; body: Buffer }> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= this.#header) {
      const header = this.#rest.subarray(0, this.#header);
      const end = this.#header + lengthOf(header);
      if (this.#rest.length < end) return;
      const body = this.#rest.subarray(this.#header, end);
      this.#rest = this.#rest.subarray(end);
      yield { header, body };
    }
  }

  get pending(): number {
    return this.#rest.length;
  }
}

/** Reads one cage's attach stream. Feed it chunks in order; it yields frames in order. */
export class FrameReader {
  #docker = new Assembler(DOCKER_HEADER);
  #recorder = new Assembler(RECORDER_HEADER);
  #sum = 0;
  #stderr: Buffer[] = [];
  #stderrBytes = 0;
  #ended = false;

  /**
   * @throws StreamProblem where the stream breaks the format, or goes on after the last frame
   */
  *push(chunk: Buffer): Generator<Frame> {
    for (const { header, body } of this.#docker.push(chunk, dockerLength)) {
      if (header[0] === 2) {
        this.#keepStderr(body);
        continue;
      }
      for (const frame of this.#recorder.push(body, recorderLength)) {
        if (this.#ended) throw new StreamProblem('the stream goes on after the last frame');
        this.#checkSum(frame.header, frame.body);
        const type = String.fromCharCode(frame.header[2] ?? 0) as FrameType;
        if (type === 'Z') this.#ended = true;
        yield { type, payload: frame.body };
      }
    }
  }

  /** What is wrong with the stream if it ends here, or null. */
  problemAtEnd(): string | null {
    if (this.#docker.pending > 0 || this.#recorder.pending > 0)
      return 'the stream ends in the middle of a frame';
    return this.#ended ? null : 'the last frame never came';
  }

  /** What PID 1 itself said on standard error, at most 4 KiB. */
  get recorderStderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8');
  }

  #checkSum(header: Buffer, body: Buffer): void {
    this.#sum = crc32(body, crc32(header.subarray(0, SUMMED), this.#sum));
    if (header.readUInt32BE(SUMMED) === this.#sum) return;
    throw new StreamProblem('a frame of the recorder was altered, lost or moved on its way');
  }

  #keepStderr(bytes: Buffer): void {
    const room = 4096 - this.#stderrBytes;
    if (room <= 0) return;
    this.#stderr.push(Buffer.from(bytes.subarray(0, room)));
    this.#stderrBytes += Math.min(room, bytes.length);
  }
}

function dockerLength(header: Buffer): number {
  const stream = header[0] ?? 255;
  if (stream > 2 || header[1] !== 0 || header[2] !== 0 || header[3] !== 0) {
    throw new StreamProblem("the attach stream breaks Docker's format");
  }
  return header.readUInt32BE(4);
}

function recorderLength(header: Buffer): number {
  const length = header.readUInt32BE(4);
  const sound =
    header[0] === 0x70 &&
    header[1] === 0x62 &&
    header[3] === 0 &&
    TYPES.has(String.fromCharCode(header[2] ?? 0));
  if (!sound || length > MAX_PAYLOAD) throw new StreamProblem('a frame of the recorder is malformed');
  return length;
}
