/** The proofs: a list that unfolds to claim, finding and the very lines each rests on. */
import type { Pointer, ProofResult, Report } from '../../schema/report.ts';
import { excerptKey, type Page } from '../../verdict/page-data.ts';
import { Hostile, Mark, plural, Section } from './text.tsx';

/** Places of a proof that are shown at once. */
const SHOWN = 6;

export function Proofs({ report, page }: { report: Report; page: Page }) {
  return (
    <Section id="proofs" title="Proofs">
      {report.proofs.map((proof) => (
        <Proof proof={proof} page={page} />
      ))}
    </Section>
  );
}

function Proof({ proof, page }: { proof: ProofResult; page: Page }) {
  return (
    <details class={`proof ${proof.status}`} open={proof.status === 'failed'}>
      <summary>
        <Mark status={proof.status} /> <span class="id">{proof.id}</span>{' '}
        <span class="detail">
          <Hostile text={proof.detail} />
        </span>
      </summary>
      <p>
        <b>Claim.</b> {proof.claim} <small>{proof.requirements.join(', ')}</small>
      </p>
      <p>
        <b>Rests on</b>
      </p>
      <Pointers pointers={proof.evidence.slice(0, SHOWN)} page={page} />
      {proof.evidence.length <= SHOWN ? null : (
        <details>
          <summary>{plural(proof.evidence.length - SHOWN, 'more place')}</summary>
          <Pointers pointers={proof.evidence.slice(SHOWN)} page={page} />
        </details>
      )}
    </details>
  );
}

function Pointers({ pointers, page }: { pointers: Pointer[]; page: Page }) {
  return (
    <ul class="evidence">
      {pointers.map((pointer) => (
        <Evidence pointer={pointer} page={page} />
      ))}
    </ul>
  );
}

function Evidence({ pointer, page }: { pointer: Pointer; page: Page }) {
  const { file, at, digest, note } = pointer;
  const excerpt = at === undefined ? undefined : page.excerpts[excerptKey(file, at)];
  return (
    <li>
      <Hostile text={file} /> {at === undefined ? null : <Hostile text={at} />}{' '}
      {note === undefined ? null : <Hostile text={note} />}{' '}
      <small>{digest === null ? 'missing' : `${digest.slice(0, 19)}…`}</small>
      {excerpt === undefined ? null : (
        <div class="excerpt">
          <Hostile text={excerpt} />
        </div>
      )}
    </li>
  );
}
