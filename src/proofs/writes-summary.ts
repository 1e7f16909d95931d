/**
 * One pass over `writes.jsonl` in bounded memory: counts, the first bad line, and the records that matter.
 * Never believes a record's `root`: it is worked out again from the path.
 */
import { WriteLine } from '../schema/quick.ts';
import type { WriteRecord } from '../schema/recorder.ts';
import type { Loaded, RootCounts, SampledRecord, WritesSummary } from './evidence.ts';
import { scanLines } from './lines.ts';
import { isUnder, rootOfRecord } from './roots.ts';

/** Samples kept of each kind; counts are always whole. */
const MAX_SAMPLES = 50;
/** Different denied paths that are counted one by one; an engine must not fill our memory with names. */
const MAX_PATHS = 2_000;

/**
 * Summarizes the lines of `writes.jsonl`, in order, without their line ends.
 * @param forbidden absolute paths whose mention in any record is sampled
 * @param also told of every sound record, for whoever needs them in the same pass
 * @returns a problem only where the lines could not be read to their end
 */
export async function summarizeWrites(
  lines: AsyncIterable<string>,
  forbidden: string[] = [],
  also: (record: WriteRecord) => void = () => undefined,
): Promise<Loaded<WritesSummary>> {
  const tally = new Tally(forbidden);
  const scan = await scanLines(lines, WriteLine, (record, line) => {
    tally.add(record, line);
    also(record);
  });
  return scan.problem === undefined ? { value: { ...scan.value, ...tally.summary() } } : scan;
}

/** `mkdir -p` asks for every folder on the way; on one that is there the kernel says so whoever asks, and makes nothing. */
function isFutile({ syscall, errno }: WriteRecord): boolean {
  return /^mkdir(?:at)?$/.test(syscall) && errno === 'EEXIST';
}

class Tally {
  readonly #forbidden: string[];
  readonly #counts = noCounts();
  readonly #reads = noCounts();
  readonly #paths = new Map<string, number>();
  readonly #denied = {
    count: 0,
    futile: 0,
    unreadable: 0,
    foreign_abi: 0,
    first: null as SampledRecord | null,
    first_telling: null as SampledRecord | null,
  };
  readonly #misplaced = { count: 0, samples: [] as SampledRecord[] };
  readonly #named = { count: 0, samples: [] as SampledRecord[] };

  constructor(forbidden: string[]) {
    this.#forbidden = forbidden;
  }

  add(record: WriteRecord, line: number): void {
    if (this.#namesForbidden(record)) keep(this.#named, record, line);
    if (record.access === 'read') {
      this.#reads[record.root][record.verdict] += 1;
      return;
    }
    this.#counts[record.root][record.verdict] += 1;
    if (record.verdict === 'allowed') {
      if (record.root === 'none' || rootOfRecord(record) !== record.root) keep(this.#misplaced, record, line);
      return;
    }
    if (record.root === 'none') this.#addDenied(record, line);
  }

  summary(): Omit<WritesSummary, 'count' | 'nonce' | 'problem'> {
    const paths = [...this.#paths]
      .map(([path, attempts]) => ({ path, attempts }))
      .sort((a, b) => b.attempts - a.attempts || (a.path < b.path ? -1 : 1))
      .slice(0, MAX_SAMPLES);
    return {
      counts: this.#counts,
      reads: this.#reads,
      denied: { ...this.#denied, paths },
      misplaced: this.#misplaced,
      forbidden: this.#named,
    };
  }

  #addDenied(record: WriteRecord, line: number): void {
    this.#denied.count += 1;
    this.#denied.first ??= sample(record, line);
    if (isFutile(record)) this.#denied.futile += 1;
    else this.#denied.first_telling ??= sample(record, line);
    if (record.reason === 'unreadable') this.#denied.unreadable += 1;
    if (record.reason === 'foreign_abi') this.#denied.foreign_abi += 1;
    const path = record.resolved === '' ? record.path : record.resolved;
    const before = this.#paths.get(path);
    if (before !== undefined || this.#paths.size < MAX_PATHS) this.#paths.set(path, (before ?? 0) + 1);
  }

  #namesForbidden(record: WriteRecord): boolean {
    if (this.#forbidden.length === 0) return false;
    const named = [record.path, record.resolved, record.path2, record.resolved2];
    return named.some((path) => path !== undefined && this.#forbidden.some((root) => isUnder(path, root)));
  }
}

function noCounts(): RootCounts {
  const none = () => ({ allowed: 0, denied: 0 });
  return { workspace: none(), artifacts: none(), device: none(), kernel: none(), none: none() };
}

function keep(kept: { count: number; samples: SampledRecord[] }, record: WriteRecord, line: number): void {
  kept.count += 1;
  if (kept.samples.length < MAX_SAMPLES) kept.samples.push(sample(record, line));
}

function sample(record: WriteRecord, line: number): SampledRecord {
  const { syscall, access, path, resolved, verdict, reason } = record;
  return { line, syscall, access, path, resolved, verdict, ...(reason === undefined ? {} : { reason }) };
}
