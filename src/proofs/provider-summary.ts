/** One pass over `provider.jsonl`: how many requests, and which of them the provider failed. */
import { ProviderRecord } from '../schema/provider.ts';
import type { Loaded, ProviderSummary } from './evidence.ts';
import { scanLines } from './lines.ts';

const MAX_SAMPLES = 5;
/** The engine's doing, not the provider's. */
const ENGINES_OWN = ['refused', 'left'];
/** Not excused by a later answer: the cassette is not for this run, or the limit is reached. */
const FINAL = ['unexpected', 'too_large'];

export async function summarizeProvider(lines: AsyncIterable<string>): Promise<Loaded<ProviderSummary>> {
  const failures = new Map<string, ProviderSummary['failures']['samples'][number]>();
  const tokens = { input: 0, output: 0 };
  const scan = await scanLines(lines, ProviderRecord, (record, line) => {
    const { outcome, path, status, tokens: used, request_digest: digest } = record;
    tokens.input += used.input ?? 0;
    tokens.output += used.output ?? 0;
    if (ENGINES_OWN.includes(outcome)) return;
    const request = `${path} ${digest}`;
    // The same request answered later is a provider that was busy, not one that was away.
    if (outcome === 'ok') failures.delete(request);
    else failures.set(FINAL.includes(outcome) ? `line ${line}` : request, { line, outcome, path, status });
  });
  if (scan.problem !== undefined) return scan;
  const samples = [...failures.values()].slice(0, MAX_SAMPLES);
  return { value: { ...scan.value, failures: { count: failures.size, samples }, tokens } };
}
