/** Every document that proofbox reads or writes, by name: what `schemas/` and docs/evidence.md are generated from. */

import { RunPredicate } from './attestation.ts';
import { BatchManifest, BatchReport } from './batch.ts';
import { CageDocument } from './cage.ts';
import { Config } from './config.ts';
import { Contract } from './contract.ts';
import { NormalizedEvent } from './event.ts';
import { ContractFile, Fixture } from './fixture.ts';
import { FleetStatus } from './fleet.ts';
import { Health } from './health.ts';
import { LedgerEntry } from './ledger.ts';
import { PrdCheck } from './prd.ts';
import { CassetteExchange, ProviderRecord } from './provider.ts';
import { ProcessRecord, WriteRecord } from './recorder.ts';
import { Digests, ForbiddenDocument, Report } from './report.ts';
import { RunDocument } from './run.ts';
import { Sbom } from './sbom.ts';
import { Stage1Document } from './stage1.ts';
import { Stage2Document } from './stage2.ts';
import { Trees, WatchRecord } from './tree.ts';
import type * as z from './zod.ts';

export interface DocumentKind {
  /** file name of the JSON Schema, without its ending */
  name: string;
  /** where such a document stands */
  file: string;
  /** `lines`: one JSON object a line, each of this schema */
  form: 'document' | 'lines';
  /** written into a bundle or beside it, read from the user, or printed with --json */
  side: 'evidence' | 'input' | 'output';
  about: string;
  schema: z.ZodType;
}

export const DOCUMENTS: DocumentKind[] = [
  {
    name: 'report',
    file: 'report.json',
    form: 'document',
    side: 'evidence',
    about:
      'The verdict of one run. Nothing in it is primary: every figure and every proof can be derived again from the other files.',
    schema: Report,
  },
  {
    name: 'run',
    file: 'run.json',
    form: 'document',
    side: 'evidence',
    about:
      'What only the harness knew while the run went on. Together with the other primary files it makes report.json, field for field.',
    schema: RunDocument,
  },
  {
    name: 'contract',
    file: 'contract.json',
    form: 'document',
    side: 'evidence',
    about: 'The typed input of the run, with every default filled in.',
    schema: Contract,
  },
  {
    name: 'cage',
    file: 'cage.json',
    form: 'document',
    side: 'evidence',
    about:
      'The life of each container: what was asked for, what the container engine says it made, what PID 1 saw from inside, and how the recorder accounts for itself.',
    schema: CageDocument,
  },
  {
    name: 'write-record',
    file: 'writes.jsonl',
    form: 'lines',
    side: 'evidence',
    about:
      'Every attempt to change a file system, allowed or denied, in the order in which the recorder decided it.',
    schema: WriteRecord,
  },
  {
    name: 'process-record',
    file: 'processes.jsonl',
    form: 'lines',
    side: 'evidence',
    about: 'Every program that was started, with its parent and its arguments.',
    schema: ProcessRecord,
  },
  {
    name: 'watch-record',
    file: 'watch.jsonl',
    form: 'lines',
    side: 'evidence',
    about:
      'What the host watcher saw in the two folders, from before the engine began until after the end of its container.',
    schema: WatchRecord,
  },
  {
    name: 'trees',
    file: 'trees.json',
    form: 'document',
    side: 'evidence',
    about: 'The digest of every entry of the workspace, before the engine and after it.',
    schema: Trees,
  },
  {
    name: 'forbidden',
    file: 'forbidden.json',
    form: 'document',
    side: 'evidence',
    about: 'The state of every forbidden root before and after, and every place in which its path was found.',
    schema: ForbiddenDocument,
  },
  {
    name: 'event',
    file: 'events.normalized.jsonl',
    form: 'lines',
    side: 'evidence',
    about: "The harness's events and the engine's, in one order.",
    schema: NormalizedEvent,
  },
  {
    name: 'sbom',
    file: 'sbom.cdx.json',
    form: 'document',
    side: 'evidence',
    about:
      'What the image is made of, as the package managers in it say: CycloneDX 1.6. A claim of the harness about the image with this id; who has the image can make it again.',
    schema: Sbom,
  },
  {
    name: 'digests',
    file: 'digests.json',
    form: 'document',
    side: 'evidence',
    about: 'The sha256 of every file of the bundle but itself.',
    schema: Digests,
  },
  {
    name: 'run-predicate',
    file: 'attestation.dsse.json',
    form: 'document',
    side: 'evidence',
    about:
      'The predicate `urn:proofbox:run-evidence:v1` of the in-toto statement in the envelope of a signed run. The envelope itself is DSSE v1.',
    schema: RunPredicate,
  },
  {
    name: 'ledger-entry',
    file: 'ledger.jsonl',
    form: 'lines',
    side: 'evidence',
    about: 'Beside the run directories: every sealed run, each line with the digest of the one before it.',
    schema: LedgerEntry,
  },
  {
    name: 'fleet-status',
    file: 'fleet status --json',
    form: 'document',
    side: 'output',
    about: 'How a fleet is, from what NATS knows and what its workers say of themselves.',
    schema: FleetStatus,
  },
  {
    name: 'batch-report',
    file: 'batch.json',
    form: 'document',
    side: 'evidence',
    about:
      'In the folder of a batch: what came of every run that a manifest asked for. Each run has a bundle of its own, which this only counts.',
    schema: BatchReport,
  },
  {
    name: 'batch',
    file: 'the manifest given to proofbox batch',
    form: 'document',
    side: 'input',
    about: 'Which fixtures with which engines, and how often.',
    schema: BatchManifest,
  },
  {
    name: 'stage1',
    file: 'stage1.json',
    form: 'document',
    side: 'evidence',
    about:
      'In a folder of its own under runs/stage1: what the cage of this host withstood, attempt by attempt.',
    schema: Stage1Document,
  },
  {
    name: 'stage2',
    file: 'stage2.json',
    form: 'document',
    side: 'evidence',
    about:
      'In a folder of its own under runs/stage2: every requirement of the Stage 2 route, and where it is proven.',
    schema: Stage2Document,
  },
  {
    name: 'health',
    file: 'what proofbox health --json prints',
    form: 'document',
    side: 'output',
    about: 'Whether everything here is as it must be.',
    schema: Health,
  },
  {
    name: 'prd-check',
    file: 'what proofbox validate prd --json prints',
    form: 'document',
    side: 'output',
    about: 'Whether the planning documents hold against the code.',
    schema: PrdCheck,
  },
  {
    name: 'provider-record',
    file: 'provider.jsonl',
    form: 'lines',
    side: 'evidence',
    about:
      'Only where the run had a provider: every request that the gateway took, without a word of its content.',
    schema: ProviderRecord,
  },
  {
    name: 'cassette',
    file: 'the file given to --provider record: or replay:',
    form: 'lines',
    side: 'input',
    about: 'Answers of a provider, in the order in which they were given.',
    schema: CassetteExchange,
  },
  {
    name: 'fixture',
    file: 'fixtures/<id>/fixture.json',
    form: 'document',
    side: 'input',
    about: 'An artificial repository, its task and what may change.',
    schema: Fixture,
  },
  {
    name: 'contract-file',
    file: 'the file given to --contract',
    form: 'document',
    side: 'input',
    about: 'Replaces what the fixture says, key by key.',
    schema: ContractFile,
  },
  {
    name: 'config',
    file: 'proofbox.config.json',
    form: 'document',
    side: 'input',
    about: 'What a team sets once.',
    schema: Config,
  },
];
