/** Which paths are engine state (`.git/`, `.case/`) and stay out of copies and patches. Pure. */
import picomatch from 'picomatch';
import type { TreeEntry } from '../schema/tree.ts';

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

/** A tree's entries without engine state. What is left out goes with everything below it; a folder stands before its content. */
export function withoutState(entries: readonly TreeEntry[], patterns: readonly string[]): TreeEntry[] {
  const leaveOut = leavesOut(patterns);
  const left = new Set<string>();
  return entries.filter(({ path }) => {
    const isOut = left.has(path.slice(0, Math.max(0, path.lastIndexOf('/')))) || leaveOut(path);
    if (isOut) left.add(path);
    return !isOut;
  });
}
