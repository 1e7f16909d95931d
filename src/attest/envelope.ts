/**
 * DSSE envelopes (Dead Simple Signing Envelope v1) with one signature. The encoding that is signed and the JSON
 * form are those of the sigstore packages; only the call of the machine's crypto library is ours.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { envelopeFromJSON, envelopeToJSON } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import { jsonDocument } from '../evidence/json.ts';
import { PAYLOAD_TYPE } from '../schema/attestation.ts';
import type { Signer } from '../schema/run.ts';
import type { SigningKey } from './keys.ts';

/** The text of an envelope around a statement. Another payload type is for words that are no in-toto statement. */
export function seal(statement: object, { key, signer }: SigningKey, payloadType = PAYLOAD_TYPE): string {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign(digestFor(signer), dsse.preAuthEncoding(payloadType, payload), key);
  return jsonDocument(envelopeToJSON({ payload, payloadType, signatures: [{ keyid: signer.keyid, sig }] }));
}

/**
 * Opens an envelope, if it is the one text that its content makes and its signature is the signer's.
 * @returns the payload's text
 * @throws Error that completes "the envelope …"
 */
export function unseal(text: string, signer: Signer, payloadType = PAYLOAD_TYPE): string {
  const envelope = parse(text);
  if (jsonDocument(envelopeToJSON(envelope)) !== text) throw new Error('is not in its one canonical form');
  const [signature] = envelope.signatures;
  if (envelope.signatures.length !== 1 || signature === undefined)
    throw new Error('has not exactly one signature');
  if (envelope.payloadType !== payloadType) throw new Error(`has another payload type than ${payloadType}`);
  if (signature.keyid !== signer.keyid) throw new Error('names another key');
  const key: KeyObject = createPublicKey(signer.public_key);
  const signed = dsse.preAuthEncoding(envelope.payloadType, envelope.payload);
  if (!verify(digestFor(signer), signed, key, signature.sig))
    throw new Error('has a signature that does not verify');
  return envelope.payload.toString('utf8');
}

/** ed25519 hashes by itself. */
function digestFor({ algorithm }: Signer): 'sha256' | null {
  return algorithm === 'ed25519' ? null : 'sha256';
}

function parse(text: string) {
  try {
    return envelopeFromJSON(JSON.parse(text));
  } catch {
    throw new Error('does not parse');
  }
}
