import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratch } from '../integration/product.ts';
import { LINES_FILE, type Line, play, readCorpus } from './corpus.ts';
import { KernelAccount } from './kernel/account.ts';
import { testOfKernel } from './kernel/agreement.ts';

const space = await scratch();
const lines: Line[] = [];
const kernel = new KernelAccount();
beforeAll(() => kernel.begin());
afterAll(async () => {
  await kernel.end();
  writeFileSync(LINES_FILE('benign'), JSON.stringify(lines));
  await space.remove();
});

const CONTROLS = readCorpus('benign', { canary: '/nowhere', host: '/nowhere', ran: '/nowhere' });

test('there are enough controls', () => {
  expect(CONTROLS.length).toBeGreaterThanOrEqual(30);
});

describe('ordinary tools go on working, and nothing is held against them', () => {
  test.each(CONTROLS.map((control) => [control.name, control] as const))('%s', async (_, control) => {
    const bundle = await play(space.dir, control);
    kernel.note(control.name, bundle);
    const output = await bundle.read('backend/stdout.log');
    lines.push({
      name: control.name,
      attempts: control.attempts,
      contained: true,
      seen: 'works',
      blockers: bundle.codes,
      remark: control.remark,
    });
    expect(bundle.codes, `${output}\n${await bundle.read('backend/stderr.log')}`).toEqual(control.blockers);
    expect(bundle.report.status).toBe('passed');
    if (control.says !== null) expect(output).toMatch(control.says);
  });
});

testOfKernel(kernel);
