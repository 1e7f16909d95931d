/**
 * Makes one layer of an image, with nothing in it that differs from build to build: equal content gives an equal id.
 * The container engine writes the time of the build into every layer and into the image's own description.
 */

import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import tar, { type Header } from 'tar-stream';
import { follow } from './follow.ts';
import { withStillContainer } from './still-container.ts';

/** Put there by the container engine for the container, not by the image. */
const NOT_OF_THE_IMAGE = /^\.dockerenv$/;
/** Extended attributes as Docker writes them into a tar; other records hold times of the build. */
const ATTRIBUTE = /^SCHILY\.xattr\./;

export interface Flattening {
  /** id of the image that was built */
  built: string;
  /** name and tag of the flat one */
  reference: string;
  labels: Record<string, string>;
  /** no file gets a later time; milliseconds since 1970 */
  asOf: number;
  /** a file for the layer, as large as the image; removed afterwards */
  scratch: string;
}

/**
 * Loads the flat image into the container engine under its reference.
 * @throws the container engine's or the disk's error
 */
export async function flatten(
  docker: Docker,
  { built, reference, labels, asOf, scratch }: Flattening,
): Promise<void> {
  const { Config, Architecture } = await docker.getImage(built).inspect();
  try {
    const layer = await withStillContainer(docker, built, labels, async (container) =>
      writeLayer(await container.export(), asOf, scratch),
    );
    const config = JSON.stringify({
      architecture: Architecture,
      os: 'linux',
      created: new Date(asOf).toISOString(),
      config: { Env: Config.Env, Cmd: Config.Cmd, WorkingDir: Config.WorkingDir, Labels: labels },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
      history: [{ created: new Date(asOf).toISOString(), created_by: 'proofbox image build' }],
    });
    await load(docker, await archive(scratch, config, reference));
  } finally {
    await rm(scratch, { force: true });
  }
}

/** @returns sha256 of the layer */
async function writeLayer(exported: NodeJS.ReadableStream, asOf: number, path: string): Promise<string> {
  const extract = tar.extract();
  const pack = tar.pack();
  const hash = createHash('sha256');
  const written = pipeline(
    Readable.from(pack),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  const fed = pipeline(exported, extract);
  for await (const entry of extract) {
    const { header } = entry;
    if (NOT_OF_THE_IMAGE.test(header.name)) {
      entry.resume();
      continue;
    }
    await append(pack, sameEveryTime(header, asOf), entry);
  }
  pack.finalize();
  await Promise.all([fed, written]);
  return hash.digest('hex');
}

/** One entry from one tar to another, no faster than the slower of the two. */
async function append(pack: tar.Pack, header: Header, content: AsyncIterable<unknown>): Promise<void> {
  const over = new EventEmitter();
  const entry = pack.entry(header, (error) => (error ? over.emit('error', error) : over.emit('over')));
  const end = once(over, 'over');
  for await (const chunk of content) if (!entry.write(chunk as Buffer)) await once(entry, 'drain');
  (entry as NodeJS.WritableStream).end();
  await end;
}

function sameEveryTime(header: Header, asOf: number): Header {
  const { name, mode, uid, gid, type, linkname, size, devmajor, devminor } = header;
  const attributes = Object.entries(header.pax ?? {}).filter(([key]) => ATTRIBUTE.test(key));
  const mtime = new Date(Math.min(header.mtime?.getTime() ?? 0, asOf));
  return {
    ...{ name, mode, uid, gid, type, linkname, devmajor, devminor, mtime },
    size: type === 'file' ? size : 0,
    ...(attributes.length === 0 ? {} : { pax: Object.fromEntries(attributes) }),
  } as Header;
}

/** What `docker save` would write (Docker image specification v1.2). */
async function archive(layer: string, config: string, reference: string): Promise<NodeJS.ReadableStream> {
  const pack = tar.pack();
  const out = new PassThrough();
  pack.on('error', (error: Error) => out.destroy(error));
  pack.pipe(out);
  const id = createHash('sha256').update(config).digest('hex');
  const { size } = await stat(layer);
  const manifest = [{ Config: `${id}.json`, RepoTags: [reference], Layers: ['layer.tar'] }];
  void (async () => {
    pack.entry({ name: `${id}.json` }, config);
    pack.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
    await append(pack, { name: 'layer.tar', size } as Header, createReadStream(layer));
    pack.finalize();
  })().catch((error: Error) => pack.destroy(error));
  return out;
}

async function load(docker: Docker, image: NodeJS.ReadableStream): Promise<void> {
  let failure: string | undefined;
  await follow(docker, await docker.loadImage(image), ({ error }) => {
    failure ??= error;
  });
  if (failure !== undefined) throw new Error(failure);
}
