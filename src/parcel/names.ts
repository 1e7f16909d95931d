/** How a packed tree says what a tar header cannot: names that are no UTF-8, and sockets. */
import { encodeBytes } from '../witness/bytes.ts';

/** Records of an extended header that only we write. Values are hex, because such a header is UTF-8. */
export const RAW_PATH = 'PROOFBOX.path';
export const RAW_TARGET = 'PROOFBOX.target';
export const KIND = 'PROOFBOX.kind';

/** The hex of a name's bytes where a string cannot carry them; undefined where it can. */
export function rawForm(text: string): string | undefined {
  const bytes = encodeBytes(text);
  return bytes.toString('utf8') === text ? undefined : bytes.toString('hex');
}
