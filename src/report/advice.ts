/** What to do about each blocker: one sentence for the person who reads the report. */
import type { BlockerCode } from '../schema/common.ts';

export const ADVICE: Record<BlockerCode, string> = {
  case_disabled:
    'Open the gate only for an engine that you mean to run: set its variables in the environment.',
  stage_gate_missing: 'Set the stage in the environment, exactly as the documentation writes it.',
  stage1_missing: 'Run the first stage on this host, then this run again.',
  no_diff: 'Read backend/stdout.log and backend/stderr.log: the engine ended without changing a file.',
  disallowed_file: 'Look at the patch: either the engine overstepped, or the contract allows too little.',
  tests_failed: 'Read test.log: what the engine left does not pass the fixture’s own tests.',
  missing_test_command:
    'Name a test command in the fixture or the contract: without one nothing shows that the work is right.',
  missing_required_event: 'Let the engine report the event, or do not require it in the contract.',
  provider_unavailable: 'Name a model provider for the engine, or choose one that needs none.',
  denied_write: 'Look at the refused paths: the engine reached outside its two folders.',
  unexplained_change: 'Do not admit the engine: something changed a file without an attempt on record.',
  forged_artifact:
    'Do not admit the engine: it wrote where only the harness writes. What it planted is kept in backend/planted.',
  target_path_exposed:
    'Take the forbidden path out of the contract, the arguments or the fixture, then run it again.',
  target_mutated: 'Compare the forbidden folder with its backup now: it changed while the engine ran.',
  timeout: 'Give it more time with --timeout if the work needs it; what it did until then is on record.',
  out_of_memory: 'Give it more memory with --memory if the work needs it.',
  output_limit: 'Give it more room with --max-output if the output is worth it.',
  workspace_limit: 'Give it more room with --max-workspace if the work needs it.',
  engine_failed: 'Read backend/stderr.log: the engine did not end well by itself.',
  recorder_lost: 'Rely on nothing in this run: the record of what the engine did has a gap.',
  cage_mismatch:
    'Rely on nothing in this run: its container was not as promised. proofbox doctor shows what this host lacks.',
  evidence_incomplete:
    'Rely on nothing that rests on it: a document is missing, cut or disagrees with another.',
  interrupted: 'Run it again: it was stopped from outside.',
};
