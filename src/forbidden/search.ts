/** Looks for a guarded path in everything an engine is given, in every spelling we know. Pure. */
import { relative } from 'node:path';
import type { Exposure } from '../schema/report.ts';
import type { GuardedRoot } from './roots.ts';

/** Everything that is searched, as text, by name. */
export type Places = Record<string, string>;

interface Spelling {
  encoding: string;
  text: string;
}

/**
 * Every place in which the root's path stands, once per place and encoding.
 * @param from absolute folders against which a relative spelling could be written
 */
export function searchExposure(root: GuardedRoot, places: Places, from: string[]): Exposure[] {
  const exposures: Exposure[] = [];
  for (const [where, text] of Object.entries(places)) {
    for (const { encoding, text: needle } of spellings(root, from)) {
      const at = encoding === 'base64' ? text.indexOf(needle) : indexOfPath(text, needle);
      if (at === -1 || exposures.some((one) => one.where === where && one.encoding === encoding)) continue;
      exposures.push({ kind: root.kind, where, encoding, at: `character ${at}` });
    }
  }
  return exposures;
}

/**
 * Where the path stands in the text, or -1. `/srv/app2` and `/srv/app-old` are neighbours of `/srv/app`, not places
 * in it: a name that goes on is another name. What stands before does not matter, as in `-I/srv/app`.
 */
function indexOfPath(text: string, needle: string): number {
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1)) {
    if (!GOES_ON.test(text.slice(at + needle.length, at + needle.length + 2))) return at;
  }
  return -1;
}

/** A sentence may end with a full stop and a flag may follow a dash: only a letter or digit makes a longer name. */
const GOES_ON = /^(?:[A-Za-z0-9_]|[-.][A-Za-z0-9_])/;

function spellings(root: GuardedRoot, from: string[]): Spelling[] {
  const plain = [...new Set([root.path.replace(/(.)\/+$/, '$1'), root.resolved])].filter(
    (path) => path.length >= 4,
  );
  const near = from.map((folder) => relative(folder, root.resolved)).filter(isTelling);
  const all: Spelling[] = [];
  for (const path of plain) {
    all.push({ encoding: path === root.resolved ? 'resolved' : 'plain', text: path });
    for (const encoded of percentEncodings(path)) all.push({ encoding: 'url', text: encoded });
    for (const encoded of base64Cores(path)) all.push({ encoding: 'base64', text: encoded });
    for (const encoded of jsonEscapes(path)) all.push({ encoding: 'json', text: encoded });
  }
  for (const path of near) all.push({ encoding: 'relative', text: path });
  return all;
}

/** Long enough to mean something, and no mere way up, which every deeper way up contains. */
function isTelling(path: string): boolean {
  return path.length > 8 && path.includes('/') && !/(?:^|\/)\.\.$/.test(path);
}

/** With and without the slashes encoded, hex digits in both cases. */
function percentEncodings(path: string): string[] {
  const upper = encodeURIComponent(path);
  const withSlashes = encodeURI(path);
  const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return [...new Set([upper, lower(upper), withSlashes, lower(withSlashes)])].filter((text) => text !== path);
}

/** The letters that stand for the path wherever it lies in a longer text: three alignments, two alphabets. */
function base64Cores(path: string): string[] {
  const bytes = Buffer.from(path);
  const cores = [0, 1, 2].flatMap((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first letters mix with what stands before, the last with what follows.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    return [whole.slice(from, to)];
  });
  return cores.flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** JSON may escape the slash and every other character; a JSON text inside a JSON text escapes once more. */
function jsonEscapes(path: string): string[] {
  const slashes = path.replaceAll('/', '\\/');
  const units = Array.from({ length: path.length }, (_, index) => path.charCodeAt(index));
  const all = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  const quoted = JSON.stringify(path).slice(1, -1);
  return [slashes, slashes.replaceAll('\\', '\\\\'), all, all.replaceAll('\\', '\\\\'), quoted].filter(
    (text) => text !== path,
  );
}
