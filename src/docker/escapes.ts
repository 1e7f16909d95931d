/** Published ways out of a container, by the version that closed them. Compares numbers only. */
import type { Versions } from '../schema/cage.ts';

type Version = [number, number, number];

export interface KnownEscape {
  part: 'runc';
  version: string;
  /** the first version without it, on the line of releases that is in use */
  mendedIn: string;
  names: string;
}

/** `mended`: the first good version of each line of releases, oldest line first. Later lines never had it. */
const ESCAPES: { part: 'runc'; mended: Version[]; names: string }[] = [
  { part: 'runc', mended: [[1, 1, 12]], names: 'CVE-2024-21626' },
  {
    part: 'runc',
    mended: [
      [1, 2, 8],
      [1, 3, 3],
    ],
    names: 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881',
  },
];

/** The escapes that are open in these versions, going by their numbers; none for a part that tells no version. */
export function knownEscapes(versions: Versions): KnownEscape[] {
  return ESCAPES.flatMap(({ part, mended, names }) => {
    const version = versions[part];
    const found = version === null ? null : parse(version);
    const limit =
      found === null ? undefined : mended.find((one) => isSameLine(found, one) || isBefore(found, one));
    if (version === null || found === null || limit === undefined || !isBefore(found, limit)) return [];
    return [{ part, version, mendedIn: limit.join('.'), names }];
  });
}

function parse(version: string): Version | null {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

function isSameLine(one: Version, other: Version): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function isBefore(one: Version, other: Version): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at !== -1 && (one[at] ?? 0) < (other[at] ?? 0);
}
