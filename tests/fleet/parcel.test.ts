/** What travels: the same bytes for the same content, and nothing that a hostile parcel could do to whoever unpacks it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar, { type Header } from 'tar-stream';
import { afterAll, describe, expect, test } from 'vitest';
import { inventory } from '../../src/evidence/inventory.ts';
import { unpackBundle } from '../../src/fleet/bundle.ts';
import { pack } from '../../src/parcel/pack.ts';
import { PACK_LIMITS, unpack } from '../../src/parcel/unpack.ts';
import { scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());
let next = 0;
const path = () => join(space.dir, `p${++next}`);

/** A folder with everything that an engine can leave behind. */
async function engineFolder(): Promise<{ folder: string; close(): void }> {
  const folder = path();
  mkdirSync(join(folder, 'backend/deep/er'), { recursive: true });
  const at = (name: string) => join(folder, 'backend', name);
  writeFileSync(Buffer.concat([Buffer.from(at('raw-')), Buffer.of(0xff, 0x0a)]), 'not UTF-8');
  writeFileSync(at('n'.repeat(250)), 'long');
  writeFileSync(at('big'), Buffer.alloc(700_001, 7));
  writeFileSync(at('program'), '#!/bin/sh\n');
  chmodSync(at('program'), 0o4755);
  symlinkSync('/etc/passwd', at('out'));
  symlinkSync(Buffer.of(0x2e, 0x2e, 0x2f, 0xfe), at('raw-link'));
  execFileSync('mkfifo', [at('pipe')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  return { folder, close: () => server.close() };
}

test('a parcel holds every kind of entry that an engine can leave, byte for byte, and follows none', async () => {
  const { folder, close } = await engineFolder();
  const [file, out] = [path(), path()];
  await pack([{ name: 'artifacts', from: folder }], file);
  await unpackBundle(file, out);
  const kinds = async (at: string) =>
    [...(await inventory(at))].map(([name, { kind, digest, size }]) => [
      name,
      kind,
      digest,
      kind === 'socket' ? 0 : size,
    ]);
  expect(await kinds(join(out, 'artifacts'))).toEqual(await kinds(folder));
  expect(readlinkSync(join(out, 'artifacts/backend/out'))).toBe('/etc/passwd');
  expect(lstatSync(join(out, 'artifacts/backend/program')).mode & 0o7777).toBe(0o755);
  close();
});

test('equal content makes equal parcels, whatever its times and owners', async () => {
  const digests = [];
  for (const seconds of [1, 2]) {
    const [folder, file] = [path(), path()];
    mkdirSync(folder);
    for (const name of seconds === 1 ? ['a', 'b'] : ['b', 'a']) writeFileSync(join(folder, name), name);
    utimesSync(join(folder, 'a'), seconds, seconds);
    digests.push(await pack([{ name: 'x', from: folder }], file));
  }
  expect(digests[0]).toEqual(digests[1]);
});

test('a parcel that is too large is not made, and nothing that changes under the reader', async () => {
  const folder = path();
  mkdirSync(folder);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), 'content');
  const items = [{ name: 'x', from: folder }];
  await expect(pack(items, path(), { maxBytes: 20, maxEntries: 10 })).rejects.toThrow('more than 20 bytes');
  await expect(pack(items, path(), { maxBytes: 100, maxEntries: 2 })).rejects.toThrow(
    /too much|more than 2 entries/,
  );
});

type Made = Partial<Header> & { name: string; content?: string };

async function parcel(entries: Made[]): Promise<string> {
  const file = path();
  const stream = tar.pack();
  const written = pipeline(stream as unknown as NodeJS.ReadableStream, createGzip(), createWriteStream(file));
  for (const { content = '', ...header } of entries) stream.entry(header, content);
  stream.finalize();
  await written;
  return file;
}

const DIR = (name: string): Made => ({ name, type: 'directory' });
const FILE = (name: string): Made => ({ name, type: 'file', content: 'x' });

describe('a hostile parcel is refused:', () => {
  test.each<[string, Made[], RegExp]>([
    ['a path that climbs out', [DIR('artifacts'), FILE('artifacts/../../out')], /names the path/],
    ['an absolute path', [FILE('/tmp/proofbox-was-here')], /names the path/],
    ['a path with an empty part', [DIR('artifacts'), FILE('artifacts//x')], /names the path/],
    ['something beside the evidence', [FILE('workspace')], /holds "workspace"/],
    ['a file before its folder', [FILE('artifacts/x')], /before its folder/],
    ['one name twice', [DIR('artifacts'), FILE('artifacts/x'), FILE('artifacts/x')], /twice/],
    [
      'a file through a link',
      [
        DIR('artifacts'),
        DIR('artifacts/backend'),
        { name: 'artifacts/backend/l', type: 'symlink', linkname: '/tmp' },
        FILE('artifacts/backend/l/x'),
      ],
      /before its folder/,
    ],
    [
      'a file over a link',
      [
        DIR('artifacts'),
        DIR('artifacts/backend'),
        { name: 'artifacts/backend/l', type: 'symlink', linkname: '/tmp/y' },
        FILE('artifacts/backend/l'),
      ],
      /twice/,
    ],
    [
      "a link in the harness's places",
      [DIR('artifacts'), { name: 'artifacts/report.json', type: 'symlink', linkname: '/etc/passwd' }],
      /holds a link/,
    ],
    [
      'a hard link',
      [DIR('artifacts'), { name: 'artifacts/x', type: 'link', linkname: '/etc/shadow' }],
      /a link/,
    ],
    [
      'a device',
      [DIR('artifacts'), { name: 'artifacts/x', type: 'character-device', devmajor: 1, devminor: 3 }],
      /character-device/,
    ],
    [
      'an unknown kind',
      [DIR('artifacts'), { ...FILE('artifacts/x'), pax: { 'PROOFBOX.kind': 'door' } }],
      /unknown kind/,
    ],
    [
      'a path that climbs out in its raw form',
      [
        DIR('artifacts'),
        { ...FILE('a'), pax: { 'PROOFBOX.path': Buffer.from('artifacts/../../x').toString('hex') } },
      ],
      /names the path/,
    ],
    [
      'a socket over a file',
      [
        DIR('artifacts'),
        FILE('artifacts/x'),
        { name: 'artifacts/x', type: 'file', pax: { 'PROOFBOX.kind': 'socket' } },
      ],
      /twice/,
    ],
  ])('%s', async (_, entries, says) => {
    await expect(unpackBundle(await parcel(entries), path())).rejects.toThrow(says);
    expect(existsSync('/tmp/proofbox-was-here')).toBe(false);
  });

  test('one that unfolds to more than it may', async () => {
    const file = await parcel([
      DIR('artifacts'),
      { name: 'artifacts/x', type: 'file', content: 'x'.repeat(1 << 20) },
    ]);
    const options = { ...PACK_LIMITS, maxBytes: 1 << 16, top: ['artifacts'], mayLink: () => false };
    await expect(unpack(file, path(), options)).rejects.toThrow('more than 65536 bytes');
  });

  test('one with more entries than it may', async () => {
    const file = await parcel([DIR('artifacts'), ...[1, 2, 3].map((n) => FILE(`artifacts/${n}`))]);
    const options = { ...PACK_LIMITS, maxEntries: 3, top: ['artifacts'], mayLink: () => false };
    await expect(unpack(file, path(), options)).rejects.toThrow('more than 3 entries');
  });

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 40)],
    ['no gzip at all', () => Buffer.from('nothing of the kind')],
    ['empty', () => Buffer.alloc(0)],
  ])('one that is %s', async (_, change) => {
    const file = await parcel([DIR('artifacts'), FILE('artifacts/x')]);
    const bytes = readFileSync(file);
    const other = path();
    writeFileSync(other, change(bytes));
    await expect(unpackBundle(other, path())).rejects.toThrow();
  });
});
