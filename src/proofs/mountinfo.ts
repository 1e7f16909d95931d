/** Reads the text of /proc/<pid>/mountinfo (proc(5)). Refuses a line it does not understand. */

/** One mount as a process sees it. Paths have their octal escapes undone. */
export interface Mount {
  /** line of the text, from 1 */
  line: number;
  /** the folder or file of the file system that forms the mount's top */
  root: string;
  target: string;
  /** per-mount options */
  options: string[];
  type: string;
  source: string;
  /** options of the file system itself */
  superOptions: string[];
}

const LINE = /^\d+ \d+ \d+:\d+ (\S+) (\S+) (\S+)(?: \S+)* - (\S+) (\S+) (\S+)$/;

/** Every mount in the order in which they were made; null where a line is not as proc(5) says. */
export function parseMountinfo(text: string): Mount[] | null {
  const mounts: Mount[] = [];
  const lines = text.replace(/\n$/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    const match = LINE.exec(line);
    if (match === null) return null;
    const [, root = '', target = '', options = '', type = '', source = '', superOptions = ''] = match;
    mounts.push({
      line: index + 1,
      root: decodeOctal(root),
      target: decodeOctal(target),
      options: options.split(','),
      type,
      source: decodeOctal(source),
      superOptions: superOptions.split(','),
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as three octal digits; other bytes stand for themselves. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
