import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import type { Log } from 'sarif';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { renderJunit } from '../../src/report/junit.ts';
import { renderSarif } from '../../src/report/sarif.ts';
import { BlockerCode } from '../../src/schema/common.ts';
import type { Report } from '../../src/schema/report.ts';
import { type Bundle, proofbox, run, runPython, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

const junitFile = join(space.dir, 'out.xml');
const sarifFile = join(space.dir, 'out.sarif');
let passing: Bundle;
let failing: Bundle;
beforeAll(async () => {
  passing = await run(space.dir, ['py-interval']);
  const script = `open("/workspace/]]><x a='\\x01\\u202e'>&.txt", 'w').write('x')`;
  failing = await runPython(space.dir, 'py-interval', script, ['--junit', junitFile, '--sarif', sarifFile]);
});

const XSD = readFileSync(join(import.meta.dirname, 'junit.xsd'), 'utf8');

async function xmlErrors(xml: string): Promise<string[]> {
  const result = await validateXML({ xml: [{ fileName: 'junit.xml', contents: xml }], schema: [XSD] });
  return result.errors.map(({ message }) => message);
}

describe('--junit', () => {
  test('keeps the schema: each proof a test case, and one for the verdict', async () => {
    for (const { report } of [passing, failing]) expect(await xmlErrors(renderJunit(report))).toEqual([]);
    expect(readFileSync(junitFile, 'utf8')).toBe(renderJunit(failing.report));
  });

  test('the schema refuses what is not JUnit', async () => {
    const xml = renderJunit(passing.report);
    expect(await xmlErrors(xml.replace('name="cage_mounts"', 'title="cage_mounts"'))).not.toEqual([]);
    expect(await xmlErrors(xml.replace('</testsuites>', ''))).not.toEqual([]);
  });

  test('fails for every proof that fails, and never passes a run that did not', () => {
    const failures = (report: Report) => /failures="(\d+)"/.exec(renderJunit(report))?.[1];
    expect(failures(passing.report)).toBe('0');
    const failed = failing.report.proofs.filter(({ status }) => status === 'failed').length;
    expect(failures(failing.report)).toBe(String(failed + 1));
    expect(failures({ ...passing.report, status: 'blocked' })).toBe('1');
  });
});

/** What SARIF 2.1.0 (OASIS) and GitHub's code scanning ask of the objects that we use, in our own words. */
const text = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1, maxLength: 1024 } },
  additionalProperties: false,
};
const SARIF = {
  type: 'object',
  required: ['version', 'runs', '$schema'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', format: 'uri' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results'],
        additionalProperties: false,
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'rules', 'semanticVersion'],
                properties: {
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id', 'shortDescription', 'fullDescription', 'help'],
                      properties: {
                        id: { type: 'string', maxLength: 255 },
                        shortDescription: text,
                        fullDescription: text,
                        help: text,
                      },
                    },
                  },
                },
              },
            },
          },
          automationDetails: {
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string', pattern: '/$' } },
          },
          invocations: { type: 'array', items: { type: 'object', required: ['executionSuccessful'] } },
          properties: { type: 'object' },
          results: {
            type: 'array',
            maxItems: 25_000,
            items: {
              type: 'object',
              required: ['ruleId', 'ruleIndex', 'message', 'locations', 'partialFingerprints'],
              additionalProperties: false,
              properties: {
                ruleId: { enum: BlockerCode.options },
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: text,
                locations: {
                  type: 'array',
                  minItems: 1,
                  items: {
                    type: 'object',
                    required: ['physicalLocation'],
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        required: ['artifactLocation', 'region'],
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            required: ['uri'],
                            properties: {
                              uri: { type: 'string', format: 'uri-reference', pattern: '^[^/]' },
                            },
                          },
                          region: {
                            type: 'object',
                            required: ['startLine'],
                            properties: { startLine: { minimum: 1 } },
                          },
                        },
                      },
                    },
                  },
                },
                partialFingerprints: { type: 'object', required: ['primaryLocationLineHash'] },
              },
            },
          },
        },
      },
    },
  },
};

describe('--sarif', () => {
  const ajv = new Ajv({ strict: false });
  formats.default(ajv);
  const validate = ajv.compile(SARIF);
  const sarif = (report: Report) =>
    JSON.parse(renderSarif(report, 'fixtures/py-interval/fixture.json', '0.1.0')) as Log;

  test('keeps the schema, passing and failing', () => {
    for (const { report } of [passing, failing]) {
      validate(sarif(report));
      expect(validate.errors ?? []).toEqual([]);
    }
    expect(validate({ ...sarif(failing.report), version: '2.0.0' })).toBe(false);
  });

  test('each blocker is one result under its own rule, a pass has none', () => {
    expect(sarif(passing.report).runs[0]?.results).toEqual([]);
    const written = JSON.parse(readFileSync(sarifFile, 'utf8')) as Log;
    const [only] = written.runs;
    expect(only?.results?.map(({ ruleId }) => ruleId)).toEqual(
      failing.report.blockers.map(({ code }) => code),
    );
    for (const { ruleId, ruleIndex } of only?.results ?? [])
      expect(only?.tool.driver.rules?.[ruleIndex ?? -1]?.id).toBe(ruleId);
  });

  test('the same blocker has the same fingerprint from run to run', () => {
    const prints = (report: Report) => sarif(report).runs[0]?.results?.map((one) => one.partialFingerprints);
    const other = { ...failing.report, run_id: '20260102T030405Z-00000000' };
    expect(prints(other)).toEqual(prints(failing.report));
  });
});

test('a path that cannot be written is exit 4, and the run stays sealed', async () => {
  const out = join(space.dir, 'kept');
  const { exitCode, stderr } = await proofbox([
    'run',
    'py-interval',
    '--quiet',
    '--out',
    out,
    '--junit',
    '/proc/none/x.xml',
  ]);
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(/cannot be written .*proofbox report RUN_DIR/s);
  expect((await proofbox(['verify', out])).exitCode).toBe(0);
});

interface Step {
  run?: string;
  env?: Record<string, string>;
}

describe('examples for CI run as they stand', () => {
  function bash(script: string, cwd: string, env: Record<string, string>): number {
    try {
      // As the runner of GitHub Actions calls it.
      execFileSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
        cwd,
        env: { ...process.env, ...env },
        stdio: 'pipe',
      });
      return 0;
    } catch (error) {
      return (error as { status: number }).status;
    }
  }

  function action(
    cwd: string,
    inputs: Record<string, string>,
  ): { codes: number[]; output: string; summary: string } {
    const document = parse(readFileSync(join(PACKAGE_ROOT, 'action.yml'), 'utf8')) as {
      inputs: Record<string, { default?: string }>;
      runs: { steps: Step[] };
    };
    mkdirSync(cwd);
    const files = { GITHUB_OUTPUT: join(cwd, 'output'), GITHUB_STEP_SUMMARY: join(cwd, 'summary') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const value = (name: string) => inputs[name] ?? document.inputs[name]?.default ?? '';
    const codes = document.runs.steps.flatMap(({ run: script, env = {} }) => {
      if (script === undefined) return [];
      const filled = Object.entries(env).map(([key, text]) => [
        key,
        text.replace(/^\$\{\{ inputs\.(\S+) \}\}$/, (_, name: string) => value(name)),
      ]);
      return [
        bash(script, cwd, { ...files, GITHUB_ACTION_PATH: PACKAGE_ROOT, ...Object.fromEntries(filled) }),
      ];
    });
    return {
      codes,
      output: readFileSync(files.GITHUB_OUTPUT, 'utf8'),
      summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    };
  }

  test('action.yml with a shipped fixture passes, with a summary and every file it uploads', () => {
    const cwd = join(space.dir, 'action');
    const { codes, output, summary } = action(cwd, { fixture: 'js-slugify' });
    expect(codes).toEqual([0, 0]);
    expect(output).toBe('status=passed\n');
    expect(summary).toMatch(/^## ✅ Passed/);
    for (const file of ['proofbox.xml', 'proofbox.sarif', 'proofbox-run/artifacts/report.html'])
      expect(existsSync(join(cwd, file)), file).toBe(true);
  });

  test('action.yml with an engine that fails fails, and an input is never run as a script of the host', () => {
    const cwd = join(space.dir, 'action-hostile');
    const { codes, output } = action(cwd, {
      fixture: 'js-slugify',
      engine: 'command',
      command: `"; touch ${join(cwd, 'escaped')}; echo "$(touch ${join(cwd, 'escaped')})`,
    });
    expect(codes).toEqual([0, 1]);
    expect(output).toBe('status=failed\n');
    expect(existsSync(join(cwd, 'escaped'))).toBe(false);
  });

  test('docs/ci/gitlab-ci.yml passes', () => {
    const { proofbox: job } = parse(readFileSync(join(PACKAGE_ROOT, 'docs/ci/gitlab-ci.yml'), 'utf8')) as {
      proofbox: {
        script: string[];
        variables: Record<string, string>;
        artifacts: { reports: { junit: string } };
      };
    };
    const cwd = join(space.dir, 'gitlab');
    mkdirSync(cwd);
    symlinkSync(PACKAGE_ROOT, join(cwd, 'proofbox'));
    for (const line of job.script) expect(bash(line, cwd, job.variables), line).toBe(0);
    expect(existsSync(join(cwd, job.artifacts.reports.junit))).toBe(true);
  });

  test('docs/ci/github-workflow.yml gives the action inputs that it has', () => {
    const workflow = parse(readFileSync(join(PACKAGE_ROOT, 'docs/ci/github-workflow.yml'), 'utf8')) as {
      jobs: { proofbox: { steps: { uses: string; with?: Record<string, string> }[] } };
    };
    const { inputs } = parse(readFileSync(join(PACKAGE_ROOT, 'action.yml'), 'utf8')) as {
      inputs: Record<string, unknown>;
    };
    const step = workflow.jobs.proofbox.steps.find(({ uses }) => uses === './proofbox');
    for (const name of Object.keys(step?.with ?? { none: '' })) expect(Object.keys(inputs)).toContain(name);
  });
});
