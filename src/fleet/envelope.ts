/** What workers sign: one answer in one envelope. Opening it says whose word it is, or that it is nobody's. */
import { seal, unseal } from '../attest/envelope.ts';
import type { SigningKey } from '../attest/keys.ts';
import { Answer } from '../schema/fleet.ts';
import type { Signer } from '../schema/run.ts';

const PAYLOAD_TYPE = 'application/vnd.proofbox.answer+json';
/** Far above any answer. */
const MAX_BYTES = 64 << 10;

/** Key ids and the keys of the workers that a batch believes. */
export type Admitted = ReadonlyMap<string, Signer>;

export type Opened =
  | { answer: Answer; signer: Signer }
  | { problem: string; keyid: string; claimed: Answer | null };

export function sealAnswer(answer: Answer, key: SigningKey): string {
  return seal(answer, key, PAYLOAD_TYPE);
}

/** Never throws: whoever may publish may have written it. */
export function openAnswer(bytes: Uint8Array, admitted: Admitted): Opened {
  const text = bytes.length > MAX_BYTES ? '' : Buffer.from(bytes).toString('utf8');
  const keyid = keyidOf(text);
  const signer = admitted.get(keyid);
  if (signer === undefined)
    return { problem: 'is signed with a key that is not admitted', keyid, claimed: claimOf(text) };
  try {
    const parsed = Answer.safeParse(JSON.parse(unseal(text, signer, PAYLOAD_TYPE)));
    if (!parsed.success) return { problem: 'is signed, but no answer', keyid, claimed: null };
    return { answer: parsed.data, signer };
  } catch (error) {
    return { problem: (error as Error).message, keyid, claimed: claimOf(text) };
  }
}

function keyidOf(text: string): string {
  try {
    const [first] = (JSON.parse(text) as { signatures: { keyid: unknown }[] }).signatures;
    return String(first?.keyid).slice(0, 64);
  } catch {
    return '';
  }
}

/** What somebody says without proving it; for a sentence to a person, never more. */
function claimOf(text: string): Answer | null {
  try {
    const { payload } = JSON.parse(text) as { payload: string };
    return Answer.safeParse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
