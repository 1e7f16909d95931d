"""Verifies the envelopes of a signed run with securesystemslib, the crypto library of TUF and in-toto."""

import base64
import json
import sys

from cryptography.hazmat.primitives import serialization
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, SSlibKey

given = json.load(sys.stdin)
signer = given["signer"]
if signer["algorithm"] == "ed25519":
    pem = serialization.load_pem_public_key(signer["public_key"].encode())
    raw = pem.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    key = SSlibKey(signer["keyid"], "ed25519", "ed25519", {"public": raw})
else:
    key = SSlibKey(signer["keyid"], "ecdsa", "ecdsa-sha2-nistp256", {"public": signer["public_key"]})

for envelope in given["envelopes"]:
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    # The encoding that DSSE v1 has signed, from its specification.
    signed = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])
    [signature] = envelope["signatures"]
    hex_signature = base64.b64decode(signature["sig"]).hex()
    try:
        key.verify_signature(Signature(signature["keyid"], hex_signature), signed)
        print("verified", json.loads(payload)["predicateType"])
    except UnverifiedSignatureError:
        print("refused")
