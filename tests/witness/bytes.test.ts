/** The codec of path bytes: lossless, and the same as Python's. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBytes, decodeName, encodeBytes } from '../../src/witness/bytes.ts';

const BYTES = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  // Mostly broken UTF-8: lead bytes, continuation bytes and the edges of every range.
  fc
    .array(
      fc.constantFrom(
        0x00,
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
        0xff,
      ),
      { maxLength: 12 },
    )
    .map((bytes) => Uint8Array.from(bytes)),
);

describe('path bytes', () => {
  it('R10: come back unchanged from their string, whatever they are', () => {
    fc.assert(
      fc.property(BYTES, (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(encodeBytes(decodeBytes(buffer)).equals(buffer)).toBe(true);
        expect(decodeName(buffer.toString('latin1'))).toBe(decodeBytes(buffer));
      }),
      { numRuns: 2_000 },
    );
  });

  it('R10: come back unchanged through JSON', () => {
    fc.assert(
      fc.property(BYTES, (bytes) => {
        const text = JSON.parse(JSON.stringify(decodeBytes(Buffer.from(bytes)))) as string;
        expect(encodeBytes(text).equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  it.each([
    [[0x61, 0xff], 'a\udcff'],
    [[0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
    [[0xc0, 0xaf], '\udcc0\udcaf'],
    [[0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    [[0xe2, 0x82, 0x41], '\udce2\udc82A'],
    [[0xf0, 0x90, 0x8c, 0x88, 0x80], '\u{10308}\udc80'],
    [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  ])('%j reads as PEP 383 says', (bytes, text) => {
    expect(decodeBytes(Buffer.from(bytes))).toBe(text);
  });

  it('agree with Python on any bytes, where there is a Python', () => {
    const samples = fc
      .sample(BYTES, { numRuns: 400, seed: 383 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    const script =
      'import sys,json;print(json.dumps([bytes.fromhex(h).decode("utf-8","surrogateescape") for h in json.load(sys.stdin)]))';
    let output: string;
    try {
      output = execFileSync('python3', ['-c', script], { input: JSON.stringify(samples), encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    expect(samples.map((hex) => decodeBytes(Buffer.from(hex, 'hex')))).toEqual(JSON.parse(output));
  });

  it.each(['\ud800', 'a\udc7f', '\udd00', '\udbff\udbff'])('refuse %j, which stands for no bytes', (text) => {
    expect(() => encodeBytes(text)).toThrow(/stands for no byte/);
  });
});
