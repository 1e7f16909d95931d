import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { DOCUMENTS } from '../../src/schema/documents.ts';
import { generatedDocs, jsonSchemas, undescribed } from '../../src/schema/generate.ts';
import { type Bundle, proofbox, run, scratch } from '../integration/product.ts';
import { validator } from './validator.ts';

const space = await scratch();
afterAll(() => space.remove());
const LEDGER = join(space.dir, 'ledger.jsonl');

describe('schemas/ and docs come from the zod schemas', () => {
  test('schemas/ holds exactly what would be generated now (npm run generate)', () => {
    const wanted = jsonSchemas();
    expect(readdirSync(join(PACKAGE_ROOT, 'schemas')).sort()).toEqual([...wanted.keys()].sort());
    for (const [name, text] of wanted)
      expect(readFileSync(join(PACKAGE_ROOT, 'schemas', name), 'utf8'), name).toBe(text);
  });

  test.each([...generatedDocs().keys()])('%s is not stale (npm run generate)', (name) => {
    const text = readFileSync(join(PACKAGE_ROOT, name), 'utf8');
    expect(generatedDocs().get(name)?.(text)).toBe(text);
  });

  test('every field of every document says what it means', () => {
    expect(undescribed()).toEqual([]);
  });
});

describe('P8: a real bundle keeps the published schemas, by a validator that is not ours', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    const key = join(space.dir, 'key');
    await proofbox(['keygen', '--out', key]);
    bundle = await run(space.dir, ['js-slugify', '--record', 'reads', '--sign', key, '--ledger', LEDGER]);
  });

  /** Documents that no single run leaves have a test of their own in tests/stage1, tests/case, tests/gateway and tests/batch. */
  const ELSEWHERE = ['stage1.json', 'stage2.json', 'provider.jsonl', 'batch.json'];

  test.each(DOCUMENTS.filter(({ side, file }) => side === 'evidence' && !ELSEWHERE.includes(file)))(
    '$file',
    async ({ name, file, form }) => {
      const validate = validator(name);
      const documents =
        file === 'ledger.jsonl'
          ? [JSON.parse(readFileSync(LEDGER, 'utf8'))]
          : form === 'lines'
            ? await bundle.lines<unknown>(file)
            : [opened(await bundle.json<Record<string, unknown>>(file))];
      expect(documents.length).toBeGreaterThan(0);
      for (const document of documents) {
        validate(document);
        expect(validate.errors ?? []).toEqual([]);
      }
    },
  );

  test('and the validator refuses what is wrong', async () => {
    const report = await bundle.json<Record<string, unknown>>('report.json');
    expect(validator('report')({ ...report, status: 'fine' })).toBe(false);
    const { nonce: _nonce, ...rest } = report;
    expect(validator('report')(rest)).toBe(false);
  });

  test('every fixture keeps the schema of fixtures', () => {
    const validate = validator('fixture');
    for (const id of readdirSync(join(PACKAGE_ROOT, 'fixtures'))) {
      validate(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'fixtures', id, 'fixture.json'), 'utf8')));
      expect(validate.errors ?? [], id).toEqual([]);
    }
  });
});

describe('docs/cage.md shows the very literal of every container', () => {
  test('the page and src/cage/spec.ts are the same', () => {
    const source = readFileSync(join(PACKAGE_ROOT, 'src/cage/spec.ts'), 'utf8');
    const page = readFileSync(join(PACKAGE_ROOT, 'docs/cage.md'), 'utf8');
    const shown = /```ts\n([\s\S]*?)\n```/.exec(page)?.[1] ?? '';
    const lists = source.slice(
      source.indexOf('export const MASKED_PATHS'),
      source.indexOf('/** What differs'),
    );
    const literal = source.slice(source.indexOf('export function cageSpec'));
    expect(shown).toBe(`${lists.trimEnd()}\n\n${literal.trimEnd()}`);
  });
});

/** The predicate in an envelope; any other document as it is. */
function opened(document: Record<string, unknown>): unknown {
  if (typeof document.payload !== 'string') return document;
  return JSON.parse(Buffer.from(document.payload, 'base64').toString('utf8')).predicate;
}
