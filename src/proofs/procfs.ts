/** Reads the texts of /proc that PID 1 sends in its first frame. Parses only; judges nothing. */

/** `Name: value` lines of /proc/<pid>/status. */
export function parseStatus(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Soft and hard limit by name, as /proc/<pid>/limits has them: a number or `unlimited`. */
export function parseLimits(text: string): Map<string, { soft: string; hard: string }> {
  const limits = new Map<string, { soft: string; hard: string }>();
  for (const line of text.split('\n').slice(1)) {
    const match = /^(.+?)\s{2,}(\d+|unlimited)\s+(\d+|unlimited)/.exec(line);
    if (match !== null) limits.set(match[1] ?? '', { soft: match[2] ?? '', hard: match[3] ?? '' });
  }
  return limits;
}

/** Names of the interfaces in /proc/<pid>/net/dev, under its two heading lines. */
export function parseInterfaces(text: string): string[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const colon = line.indexOf(':');
      return colon === -1 ? [] : [line.slice(0, colon).trim()];
    });
}

/**
 * Whether /proc/<pid>/uid_map (user_namespaces(7): first inside, first outside, how many) maps nobody to the host's
 * root. False where a line is not understood.
 */
export function isWithoutHostRoot(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => /^\s*\d+\s+[1-9]\d*\s+[1-9]\d*\s*$/.test(line));
}
