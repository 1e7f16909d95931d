/**
 * The one codec between path bytes and strings: PEP 383 ("surrogateescape"), lossless in both directions.
 * Never replaces, drops or normalizes a byte.
 */
import { isUtf8 } from 'node:buffer';
import { ProofboxError } from '../errors.ts';

const ESCAPE = 0xdc00;
const ASCII_ONLY = /^[\0-\x7f]*$/;
const ANY_SURROGATE = /[\ud800-\udfff]/;

/**
 * Bytes as a string: valid UTF-8 is kept, every other byte 0x80..0xff becomes the lone surrogate
 * U+DC80..U+DCFF. Agrees with Python's `bytes.decode('utf-8', 'surrogateescape')`.
 */
export function decodeBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let kept = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(bytes.toString('utf8', kept, at), String.fromCharCode(ESCAPE + (bytes[at] ?? 0)));
    at += 1;
    kept = at;
  }
  parts.push(bytes.toString('utf8', kept));
  return parts.join('');
}

/**
 * The bytes that `decodeBytes` made the string from.
 * @throws ProofboxError `invalid_input` where the string holds a lone surrogate that stands for no byte
 */
export function encodeBytes(text: string): Buffer {
  if (!ANY_SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit < ESCAPE && isLowSurrogate(text.charCodeAt(at + 1))) {
      at += 1;
      continue;
    }
    if (unit < ESCAPE + 0x80 || unit > ESCAPE + 0xff) {
      throw new ProofboxError(
        'invalid_input',
        `a path holds the lone surrogate U+${unit.toString(16).toUpperCase()}, which stands for no byte`,
        {
          fix: 'only U+DC80 to U+DCFF may stand alone in a path (PEP 383)',
        },
      );
    }
    parts.push(Buffer.from(text.slice(kept, at), 'utf8'), Buffer.of(unit - ESCAPE));
    kept = at + 1;
  }
  parts.push(Buffer.from(text.slice(kept), 'utf8'));
  return Buffer.concat(parts);
}

/** A name whose characters are its bytes (latin1), as the walker reads it, in PEP 383 form. */
export function decodeName(latin1: string): string {
  return ASCII_ONLY.test(latin1) ? latin1 : decodeBytes(Buffer.from(latin1, 'latin1'));
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Length of the valid UTF-8 sequence at `at` (Unicode table 3-7), or 0 where the byte there belongs to none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
