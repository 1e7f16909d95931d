/** Proof: the engine changed something, and only files that the contract lists. */
import type { Trees } from '../schema/tree.ts';
import { changedFiles } from './changes.ts';
import type { Evidence } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'changes_allowed',
  claim:
    'The engine changed at least one file, and every file that it changed is one that the contract allows.',
  requirements: ['R5', 'R14'],
};

export function changesAllowed(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const trees = take(evidence.trees, 'trees', findings);
  const contract = take(evidence.contract, 'contract', findings);
  let count = 0;
  if (trees !== undefined && contract !== undefined) {
    if (trees.before.entries.length === 0) {
      findings.push({
        code: 'evidence_incomplete',
        message: 'the tree before the run is empty',
        place: place('trees', '/before'),
      });
    }
    const changes = changedFiles(trees, contract);
    count = changes.files.length;
    if (count === 0) {
      findings.push({
        code: 'no_diff',
        message: 'the engine changed no file',
        place: place('trees', '/after'),
      });
    }
    const at = entryPointers(trees);
    for (const { path, change, allowed } of changes.files) {
      if (allowed) continue;
      const message = `${JSON.stringify(path)} was changed (${change}), and the contract does not allow it`;
      findings.push({ code: 'disallowed_file', message, place: place('trees', at.get(path)) });
    }
    findings.push(...patchFindings(evidence, changes.inPatch, count));
  }
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('trees', '/before/entries'),
      place('trees', '/after/entries'),
      place('contract', '/allowed_files'),
      { file: 'patch.diff' },
    ],
    holds: `${count} changed files, each matched by allowed_files`,
  });
}

/** The JSON pointer of every path: in the tree after the run or, where it was deleted, in the one before. */
function entryPointers(trees: Trees): Map<string, string> {
  const pointers = new Map<string, string>();
  for (const side of ['before', 'after'] as const)
    for (const [index, { path }] of trees[side].entries.entries())
      pointers.set(path, `/${side}/entries/${index}`);
  return pointers;
}

/** The patch must be empty exactly where the trees have nothing that a patch could say. */
function patchFindings(evidence: Evidence, inPatch: boolean, count: number): Finding[] {
  const patch = evidence.files.get('patch.diff');
  if (patch === undefined) return [];
  const isEmpty = patch.size === 0;
  if ((!inPatch || !isEmpty) && (count > 0 || isEmpty)) return [];
  const message = isEmpty
    ? 'the patch is empty though files differ'
    : 'the patch has content though no file differs';
  return [{ code: 'evidence_incomplete', message, place: { file: 'patch.diff' } }];
}
