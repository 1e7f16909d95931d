/**
 * The report as SARIF 2.1.0 (OASIS), in the subset that GitHub's code scanning takes: each blocker one result, its
 * code the rule. The place of a result is the fixture, because paths must be the same from run to run.
 */
import { createHash } from 'node:crypto';
import type { Log, ReportingDescriptor, Result } from 'sarif';
import { BlockerCode } from '../schema/common.ts';
import type { Report } from '../schema/report.ts';
import { ADVICE } from './advice.ts';
import { summary } from './summary.ts';
import { visible } from './untrusted.ts';

/** Characters of a message that GitHub keeps. */
const MAX_MESSAGE = 1000;

/**
 * @param place path of the fixture, relative to the repository that the result is shown in
 * @param version of proofbox
 */
export function renderSarif(report: Report, place: string, version: string): string {
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'proofbox', semanticVersion: version, rules: BlockerCode.options.map(rule) },
        },
        automationDetails: { id: `proofbox/${report.fixture.id}/${report.backend}/` },
        invocations: [
          {
            executionSuccessful: report.status === 'passed' || report.status === 'failed',
            startTimeUtc: report.freshness_proof.started_at,
            endTimeUtc: report.freshness_proof.finished_at,
          },
        ],
        results: report.blockers.map((blocker) => result(blocker, report, place)),
        properties: { run_id: report.run_id, status: report.status, summary: summary(report) },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function rule(code: BlockerCode): ReportingDescriptor {
  return {
    id: code,
    name: code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `proofbox: ${code.replaceAll('_', ' ')}` },
    fullDescription: { text: ADVICE[code] },
    help: { text: ADVICE[code] },
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['security'], precision: 'very-high', 'problem.severity': 'error' },
  };
}

function result({ code, message }: Report['blockers'][number], report: Report, place: string): Result {
  const uri = place.split('/').map(encodeURIComponent).join('/');
  return {
    ruleId: code,
    ruleIndex: BlockerCode.options.indexOf(code),
    level: 'error',
    message: { text: visible(message).slice(0, MAX_MESSAGE) },
    locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } } }],
    partialFingerprints: {
      primaryLocationLineHash: createHash('sha256')
        .update(`${report.fixture.id} ${report.backend} ${code}`)
        .digest('hex'),
    },
  };
}
