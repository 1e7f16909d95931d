/** Which paths are engine state (`.git/`, `.case/`) and stay out of copies and patches. Pure. */
import picomatch from 'picomatch';

/**
 * A test for paths relative to the workspace: true for what a pattern names. A pattern names a path from the top
 * of the workspace, with or without a final slash, and may be a glob; everything below it is left out with it,
 * because walkers do not go on where the test says true.
 */
export function leavesOut(patterns: readonly string[]): (path: string) => boolean {
  const names = new Set<string>();
  const globs: ((path: string) => boolean)[] = [];
  for (const pattern of patterns) {
    const name = pattern.replace(/\/+$/, '');
    if (picomatch.scan(name).isGlob) globs.push(picomatch(name, { dot: true, nonegate: true }));
    else names.add(name);
  }
  if (patterns.length === 0) return () => false;
  return (path) => names.has(path) || globs.some((matches) => matches(path));
}
