/** Large things by digest: into the object store and out of it. What comes out is what its digest says, or nothing. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { ObjectStore } from '@nats-io/obj';
import type { Digest } from '../schema/common.ts';
import { objectName } from './subjects.ts';

/** Each chunk is one message. */
const PUT_MS = 10_000;
/** The object has not come yet, or has been taken already. */
export const NOT_THERE = 'is not in the object store';
/** Between two chunks of an object. */
const STALL_MS = 20_000;

/** @throws the client's error, also where the store is full: nothing of the object is left then */
export async function putObject(store: ObjectStore, digest: Digest, file: string): Promise<void> {
  const name = objectName(digest);
  // Equal content is there already; a second copy would only be written over the first.
  if ((await store.info(name))?.deleted === false) return;
  const source = Readable.toWeb(createReadStream(file, { highWaterMark: 128 << 10 }));
  await store.put({ name }, source as unknown as ReadableStream<Uint8Array>, { timeout: PUT_MS });
}

/**
 * Fetches an object into `file`, which must not exist.
 * @returns why it is worth nothing, as a sentence without its subject; null where it is what it should be
 * @throws the client's error where the store cannot be asked
 */
export async function getObject(
  store: ObjectStore,
  digest: Digest,
  file: string,
  maxBytes: number,
): Promise<string | null> {
  const found = await store.get(objectName(digest));
  if (found === null) return NOT_THERE;
  if (found.info.size > maxBytes) return `has ${found.info.size} bytes, more than the ${maxBytes} allowed`;
  const sum = createHash('sha256');
  let bytes = 0;
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(new Stalled('its content does not come')), STALL_MS);
  async function* counted(source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      timer.refresh();
      bytes += chunk.length;
      if (bytes > maxBytes) throw new TooLarge(`has more than the ${maxBytes} bytes allowed`);
      sum.update(chunk);
      yield chunk;
    }
  }
  try {
    const source = Readable.fromWeb(found.data as unknown as NodeReadableStream<Uint8Array>);
    await pipeline(source, counted, createWriteStream(file, { flags: 'wx' }), {
      signal: stall.signal,
    });
  } catch (error) {
    await rm(file, { force: true });
    if (error instanceof TooLarge) return error.message;
    if (/corrupt object/.test((error as Error).message)) return 'is not what its digest says';
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
  // The client compares with a digest too, but with one that whoever put the object there wrote.
  if (`sha256:${sum.digest('hex')}` === digest) return null;
  await rm(file, { force: true });
  return 'is not what its digest says';
}

class TooLarge extends Error {}

/** Nothing came for a while: the network is cut, or somebody described an object that has no content. */
export class Stalled extends Error {}

/** Takes an object out. The client leaves a marker of some hundred bytes in its place, for as long as the store keeps anything. */
export async function deleteObject(store: ObjectStore, digest: Digest): Promise<void> {
  await store.delete(objectName(digest));
}
