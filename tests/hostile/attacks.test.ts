import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NormalizedEvent } from '../../src/schema/event.ts';
import { scratch } from '../integration/product.ts';
import { LINES_FILE, type Line, play, readCorpus, recordsOf } from './corpus.ts';
import { KernelAccount } from './kernel/account.ts';
import { testOfKernel } from './kernel/agreement.ts';

const space = await scratch();
const host = join(space.dir, 'host-of-the-canary');
mkdirSync(host);
const bait = { host, canary: join(host, 'canary'), ran: join(space.dir, 'it-ran') };
writeFileSync(bait.canary, 'untouched');
const before = statSync(bait.canary);

const lines: Line[] = [];
const runs: string[] = [];
const kernel = new KernelAccount();
beforeAll(() => kernel.begin());
afterAll(async () => {
  await kernel.end();
  writeFileSync(LINES_FILE('attacks'), JSON.stringify(lines));
  await space.remove();
});

const ATTACKS = readCorpus('attacks', bait);

test('the corpus is as large as it says', () => {
  expect(ATTACKS.length).toBeGreaterThanOrEqual(110);
  expect(new Set(ATTACKS.map(({ name }) => name)).size).toBe(ATTACKS.length);
});

/** 100,000 files are digested, copied and verified more than once, on a machine that may be busy. */
const PATIENCE_MS = 900_000;

describe('every attack is contained, is seen where it can be, and has its blocker', {
  timeout: PATIENCE_MS,
}, () => {
  test.each(ATTACKS.map((attack) => [attack.name, attack] as const))('%s', async (_, attack) => {
    const bundle = await play(space.dir, attack);
    runs.push(bundle.report.run_id);
    kernel.note(attack.name, bundle);
    const output = await bundle.read('backend/stdout.log').catch(() => '');
    const records = await recordsOf(bundle);
    const isContained = !existsSync(bait.ran) && readFileSync(bait.canary, 'utf8') === 'untouched';
    const isRecorded = (verdict: string, pattern: RegExp) =>
      records.some((record) => record.startsWith(verdict) && pattern.test(record));
    const shown = [
      ...(attack.refused === null ? [] : ['refused']),
      ...(attack.recorded === null ? [] : ['recorded']),
      ...(attack.event === null ? [] : ['counted']),
    ];
    lines.push({
      name: attack.name,
      attempts: attack.attempts,
      contained: isContained,
      seen: shown.join(', ') || (bundle.codes.length > 0 ? 'by its blocker' : 'no effect'),
      blockers: bundle.codes,
      remark: attack.remark,
    });

    expect(isContained).toBe(true);
    expect(statSync(bait.canary).ctimeMs).toBe(before.ctimeMs);
    expect(bundle.report.host_problem).toBeNull();
    if (attack.others) expect(bundle.codes).toEqual(expect.arrayContaining(attack.blockers));
    else expect(bundle.codes).toEqual(attack.blockers);
    expect(bundle.report.status).toBe(attack.blockers.length === 0 ? 'passed' : 'failed');
    expect(bundle.report.recorder.coverage).toBe('complete');
    if (attack.refused !== null)
      expect(isRecorded('denied', attack.refused), `${attack.refused} among\n${records.join('\n')}`).toBe(
        true,
      );
    if (attack.recorded !== null)
      expect(isRecorded('allowed', attack.recorded), `${attack.recorded} among\n${records.join('\n')}`).toBe(
        true,
      );
    if (attack.says !== null) expect(output).toMatch(attack.says);
    if (attack.neverSays !== null) expect(output).not.toContain(attack.neverSays);
    if (attack.never !== null)
      expect(bundle.report.changed_files.filter(({ path }) => path.endsWith(attack.never ?? ''))).toEqual([]);
    if (attack.event !== null) {
      const events = await bundle.lines<NormalizedEvent>('events.normalized.jsonl');
      expect(events.map(({ type }) => type)).toContain(attack.event);
    }
  });

  test('no container of any of them is left', async () => {
    const left = await new Docker().listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
    expect(left.filter(({ Labels }) => runs.includes(Labels['io.proofbox.run'] ?? ''))).toEqual([]);
  });
});

testOfKernel(kernel);
