/** Checks the planning documents: their structure, that every id is there, and that what they name exists in the code. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { firstIssue } from '../contract/read.ts';
import { Prd, type PrdCheck, PrdIssues, REQUIREMENT_IDS } from '../schema/prd.ts';
import type * as z from '../schema/zod.ts';
import { testTitles } from './titles.ts';

export const PRD_FILE = 'docs/prd/stage2-artificial-fixture.md';
export const ISSUES_FILE = 'docs/prd/issues.md';

interface Document<T> {
  value: T | null;
  body: string;
  problems: string[];
}

/**
 * @param root of a checkout
 * @throws never for what a document says or lacks: that is the result
 */
export async function checkPrd(root: string): Promise<PrdCheck> {
  const prd = await read(root, PRD_FILE, Prd);
  const issues = await read(root, ISSUES_FILE, PrdIssues);
  issues.problems.push(...issueProblems(issues.value, prd.value));
  const requirements = await Promise.all(
    REQUIREMENT_IDS.map((id) => requirement(root, id, prd, issues.value)),
  );
  const known = new Set(REQUIREMENT_IDS);
  const listed = prd.value?.requirements.map(({ id }) => id) ?? [];
  for (const id of listed) if (!known.has(id)) prd.problems.push(`names ${id}, which is no requirement`);
  for (const id of new Set(listed.filter((one, index) => listed.indexOf(one) !== index)))
    prd.problems.push(`names ${id} twice`);
  const documents = [
    { file: PRD_FILE, problems: prd.problems },
    { file: ISSUES_FILE, problems: issues.problems },
  ];
  return {
    schema: 'proofbox.prd-check/v1',
    passed:
      documents.every(({ problems }) => problems.length === 0) &&
      requirements.every(({ status }) => status === 'proven'),
    documents,
    requirements,
  };
}

async function requirement(
  root: string,
  id: string,
  prd: Document<Prd>,
  issues: PrdIssues | null,
): Promise<PrdCheck['requirements'][number]> {
  const problems: string[] = [];
  const entry = prd.value?.requirements.find((one) => one.id === id);
  let tests = 0;
  if (entry === undefined) problems.push('does not stand in the front matter');
  else {
    if (entry.proofs.length + entry.blockers.length === 0)
      problems.push('names neither a proof nor a blocker');
    for (const { file, name } of entry.tests) {
      const titles = await testTitles(join(root, file));
      if (titles === null) problems.push(`the test file ${file} does not exist`);
      else if (!titles.names.includes(name))
        problems.push(`there is no test ${JSON.stringify(name)} in ${file}`);
      else if (titles.skips) problems.push(`${file} skips tests, and so proves nothing`);
      else if (!new RegExp(`\\b${id}\\b`).test(name))
        problems.push(`the test ${JSON.stringify(name)} does not name ${id}`);
      else tests += 1;
    }
  }
  if (!new RegExp(`^### ${id}$`, 'm').test(prd.body)) problems.push(`${PRD_FILE} has no section ${id}`);
  if (issues?.issues.some((issue) => issue.requirements.includes(id)) !== true)
    problems.push(`no slice of ${ISSUES_FILE} brings it`);
  return { id, status: problems.length === 0 ? 'proven' : 'unproven', tests, problems };
}

function issueProblems(issues: PrdIssues | null, prd: Prd | null): string[] {
  if (issues === null) return [];
  const problems: string[] = [];
  const ids = issues.issues.map(({ id }) => id);
  if (prd !== null && issues.prd !== prd.id) problems.push(`slices ${issues.prd}, the document is ${prd.id}`);
  for (const { id, blocked_by: before, requirements } of issues.issues) {
    for (const one of requirements)
      if (!REQUIREMENT_IDS.includes(one)) problems.push(`${id} brings ${one}, which is no requirement`);
    for (const one of before)
      if (ids.includes(one) && ids.indexOf(one) > ids.indexOf(id))
        problems.push(`${id} waits for ${one}, which comes later`);
  }
  if (new Set(ids).size < ids.length) problems.push('names a slice twice');
  return problems;
}

async function read<S extends z.ZodType>(
  root: string,
  file: string,
  schema: S,
): Promise<Document<z.infer<S>>> {
  const text = await readFile(join(root, file), 'utf8').catch(() => null);
  if (text === null) return { value: null, body: '', problems: ['does not exist'] };
  const [, front, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  if (front === undefined || body === undefined)
    return { value: null, body: '', problems: ['has no front matter'] };
  try {
    const parsed = schema.safeParse(parseYaml(front));
    if (parsed.success) return { value: parsed.data, body, problems: [] };
    return { value: null, body, problems: [`breaks its schema: ${firstIssue(parsed.error)}`] };
  } catch (error) {
    return {
      value: null,
      body,
      problems: [`has front matter that does not parse: ${(error as Error).message.split('\n')[0]}`],
    };
  }
}
