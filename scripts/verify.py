#!/usr/bin/env python3
"""A second, independent verifier of a proofbox bundle, so that nobody has to trust the first.

It shares no code with proofbox: Python's standard library, and `cryptography` for signatures. It reads the raw files
and checks digests, nonces, sequence numbers, the recorder's accounts, the allowed-write claim, and the signature.
What it does not do: judge mounts, privileges, events or tests again, or apply the patch. `proofbox verify` does.

usage: verify.py RUN_DIR [--key PUB] [--json]
exit:  0 the bundle holds, 1 it does not, 2 there is no bundle
"""

import argparse
import base64
import calendar
import hashlib
import json
import os
import re
import stat
import sys
import time

ENVELOPES = ["attestation.dsse.json", "provenance.dsse.json", "runtime-trace.dsse.json"]
UNLISTED = {"digests.json", *ENVELOPES}
DOCUMENTS = ["cage.json", "contract.json", "digests.json", "forbidden.json", "report.json", "run.json", "trees.json"]
NUMBERED = ["writes.jsonl", "processes.jsonl", "watch.jsonl", "events.normalized.jsonl"]
REQUIRED = [*DOCUMENTS, *NUMBERED, "patch.diff", "report.html", "report.md", "test.log", "trace.jsonl",
            "backend/stdout.log", "backend/stderr.log"]
SOURCE = "tests-before"
SOURCE_FILES = ["run.json", "contract.json", "cage.json", "test.log"]
ROOTS = ["workspace", "artifacts", "device", "kernel", "none"]


class Broken(Exception):
    """Something that does not hold; the message says what."""


def strict_object(pairs):
    """A JSON object in which no key stands twice: two readers could take different ones."""
    if len(dict(pairs)) != len(pairs):
        raise Broken("has a key twice")
    return dict(pairs)


def load(path):
    try:
        with open(path, "rb") as file:
            return json.loads(file.read().decode("utf-8"), object_pairs_hook=strict_object)
    except (ValueError, OSError, Broken) as error:
        raise Broken(f"{os.path.basename(path)} cannot be read: {error}") from None


def lines(path):
    """Every line of a JSON-lines file, parsed. Split at the byte 0x0A alone."""
    with open(path, "rb") as file:
        data = file.read()
    if data and not data.endswith(b"\n"):
        raise Broken(f"{os.path.basename(path)} ends in the middle of a line")
    for number, text in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield number, json.loads(text.decode("utf-8"), object_pairs_hook=strict_object)
        except (ValueError, Broken):
            raise Broken(f"{os.path.basename(path)} line {number} is no record") from None


KINDS = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


def files_below(root, below=""):
    """Every entry but folders: name relative to root (bytes that are not UTF-8 as surrogates) -> lstat."""
    with os.scandir(os.path.join(root, below) if below else root) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(root, name)
            else:
                yield name, entry.stat(follow_symlinks=False)


def sha256_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def facts(root, name, info):
    kind = KINDS.get(stat.S_IFMT(info.st_mode), "device")
    path = os.path.join(root, name)
    if kind == "file":
        return {"kind": kind, "digest": sha256_file(path), "size": info.st_size}
    if kind == "link":
        target = os.readlink(os.fsencode(path))
        return {"kind": kind, "digest": "sha256:" + hashlib.sha256(target).hexdigest(), "size": len(target)}
    return {"kind": kind, "digest": None, "size": 0}


def load_canonical(path):
    """A document in the one text that proofbox writes for it: two spaces, a final newline, lone surrogates escaped."""
    document = load(path)
    text = re.sub("[\ud800-\udfff]", lambda one: f"\\u{ord(one.group()):04x}",
                  json.dumps(document, indent=2, ensure_ascii=False)) + "\n"
    if "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest() != sha256_file(path):
        raise Broken(f"{os.path.basename(path)} is not in its one canonical form")
    return document


def check_layout(artifacts):
    found = {name: info for name, info in files_below(artifacts)}
    for name in REQUIRED:
        if name not in found:
            raise Broken(f"{name} is missing")
    source = [f"{SOURCE}/{name}" for name in ("digests.json", ENVELOPES[0], *SOURCE_FILES)]
    for name in [*REQUIRED, *ENVELOPES, *source, "provider.jsonl"]:
        if name in found and not stat.S_ISREG(found[name].st_mode):
            raise Broken(f"{name} is no plain file")
    for name in found:
        if name.startswith(f"{SOURCE}/") and name not in source:
            raise Broken(f"{name!r} is a file that nobody knows")
    return found, f"{len(found)} files"


def check_digests(artifacts, found):
    listed = load_canonical(os.path.join(artifacts, "digests.json"))
    if listed.get("schema") != "proofbox.digests/v1" or set(listed) != {"schema", "nonce", "files"}:
        raise Broken("digests.json is not of the schema proofbox.digests/v1")
    names = sorted(name for name in found if name not in UNLISTED)
    for name in names:
        if name not in listed["files"]:
            raise Broken(f"{name!r} is not in digests.json")
        if facts(artifacts, name, found[name]) != listed["files"][name]:
            raise Broken(f"{name!r} is not what digests.json says")
    for name in listed["files"]:
        if name not in found:
            raise Broken(f"{name!r} is in digests.json and not in the bundle")
    return f"{len(names)} files are what digests.json says"


def check_nonce(artifacts):
    nonce = load(os.path.join(artifacts, "run.json")).get("nonce")
    if not isinstance(nonce, str) or not re.fullmatch("[0-9a-f]{32}", nonce):
        raise Broken("run.json has no nonce")
    for name in DOCUMENTS:
        if load(os.path.join(artifacts, name)).get("nonce") != nonce:
            raise Broken(f"{name} carries another nonce")
    return nonce


def check_sequence(artifacts, nonce):
    """Numbers from 1 without a gap, a clock that never falls, the nonce on the first line and no other (events: on all)."""
    counts = {}
    provider = ["provider.jsonl"] if os.path.lexists(os.path.join(artifacts, "provider.jsonl")) else []
    for name in [*NUMBERED, *provider]:
        clock, count = 0, 0
        for number, record in lines(os.path.join(artifacts, name)):
            count = number
            if record.get("seq") != number:
                raise Broken(f"{name} line {number} has the number {record.get('seq')}")
            if record["t_ms"] < clock:
                raise Broken(f"{name} line {number} goes back in time")
            clock = record["t_ms"]
            if record.get("nonce") != (nonce if number == 1 or name == "events.normalized.jsonl" else None):
                raise Broken(f"{name} line {number} has a wrong nonce")
        counts[name] = count
    return counts


def accounts_of(cage, nonce):
    """The recorder's accounts of one cage: every sum that must come out even. Returns what does not."""
    role, end, stream, seen = cage["role"], cage["end"], cage["stream"], cage["seen"]
    if seen is None or end is None or not stream["complete"]:
        return [f"{role}: the recorder's account is not whole"]
    n = end["notifications"]
    kernel = int(str(n["kernel_last_id"]), 0) - int(str(n["kernel_first_id"]), 0) + 1
    sums = [
        ("calls answered or gone", n["received"], n["answered"] + n["gone"]),
        ("calls accounted for", n["received"],
         n["recorded_writes"] + n["recorded_programs"] + n["not_writes"] + n["reads_unrecorded"]),
        ("calls the kernel stopped", kernel, n["received"] + n["cancelled"]),
        ("write records sent", n["recorded_writes"], end["records"]),
        ("program records sent", n["recorded_programs"], end["programs"]),
        *((f"{key} received", end[key], stream[key]) for key in ("records", "programs", "stdout_bytes", "stderr_bytes")),
    ]
    gaps = [f"{role}: {what}: {left} and {right}" for what, left, right in sums if left != right]
    if seen["nonce"] != nonce or end["nonce"] != nonce:
        gaps.append(f"{role}: the recorder carries another nonce")
    if end["ended_by"] == "harness_gone" or seen["self_test"]["missing"]:
        gaps.append(f"{role}: the recorder lost its harness or missed a call in its self test")
    return gaps


def root_of(path):
    """The root of a resolved path, from the string alone."""
    if re.match(r"anon_inode:|[a-z_]+:\[[0-9]+\]$", path) or re.fullmatch(r"/memfd:.* \(deleted\)", path, re.S):
        return "device"
    if not path.startswith("/") or any(part in ("", ".", "..") for part in path[1:].split("/")):
        return "none"
    if inside := re.match(r"/(workspace|artifacts)(/|$)", path):
        return inside.group(1)
    if re.fullmatch(r"/dev/(null|zero|full|random|urandom|tty|ptmx|pts/([0-9]+|ptmx))", path):
        return "device"
    return "kernel" if re.match(r"/proc/(?!1(/|$))[0-9]+(/|$)", path) else "none"


def judge_writes(artifacts, cage, contract):
    """The allowed-write claim from the raw records: what breaks it, and the recorder's own count by root."""
    broken, counted = [], {root: {"allowed": 0, "denied": 0} for root in ROOTS}
    for number, record in lines(os.path.join(artifacts, "writes.jsonl")):
        counted[record["root"]][record["verdict"]] += 1
        if record["access"] == "read":
            continue
        real = max((root_of(record[key]) for key in ("resolved", "resolved2") if key in record), key=ROOTS.index)
        if record["verdict"] == "allowed" and (real == "none" or real != record["root"]):
            broken.append(f"line {number}: {record['syscall']} was allowed outside both roots")
        futile = record["syscall"] in ("mkdir", "mkdirat") and record.get("errno") == "EEXIST"
        if record["verdict"] == "denied" and record["root"] == "none" and contract["denied_writes"] == "fail" and not futile:
            broken.append(f"line {number}: {record['syscall']} was refused, and the contract allows no such attempt")
    roots = (cage["engine"] or {}).get("end") or {}
    gaps = []
    for root in ROOTS:
        theirs = roots.get("roots", {}).get(root, {})
        if (theirs.get("allowed"), theirs.get("denied")) != (counted[root]["allowed"], counted[root]["denied"]):
            gaps.append(f"root {root}: the recorder counted otherwise than its records")
    return broken, gaps


def was_blocked(artifacts, contract, counts):
    """Whether a gate kept the engine from starting: nothing on record, and a gate that was closed."""
    run = load(os.path.join(artifacts, "run.json"))
    gates, stage1 = run.get("gates", {}), run.get("stage1")
    is_open = (gates.get("CTO_HARNESS_ALLOW_CASE"), gates.get("CTO_HARNESS_CASE_STAGE")) == ("1", "2")
    is_fresh = bool(stage1) and stage1["passed"] and stage1["is_this_host"] and (
        stage1["finished_at"] <= run["started_at"] < stage1["expires_at"])
    nothing = counts["writes.jsonl"] == counts["processes.jsonl"] == 0
    return contract["engine"]["name"] == "case" and nothing and not (is_open and is_fresh)


def status_of(problems):
    """What a proof is worth: None stands for one that no engine was there for."""
    return "not_applicable" if problems is None else "failed" if problems else "passed"


def nonce_of(one, nonce, source):
    """The nonce that one cage must carry: another run's only for tests before the engine that are that run's."""
    return source["nonce"] if source is not None and one["role"] == "tests_before" else nonce


def judge(artifacts, nonce, counts):
    """The two claims this verifier derives by itself: what speaks against each, or None for a blocked run."""
    cage = load(os.path.join(artifacts, "cage.json"))
    contract = load(os.path.join(artifacts, "contract.json"))
    cages = [one for one in (cage["engine"], *cage["verification"].values()) if one is not None]
    if not cages and was_blocked(artifacts, contract, counts):
        return {"recorder_coverage": None, "allowed_writes": None}
    source = load(os.path.join(artifacts, "run.json")).get("tests_before")
    gaps = [gap for one in cages for gap in accounts_of(one, nonce_of(one, nonce, source))]
    end = (cage["engine"] or {}).get("end")
    if end is None:
        gaps.append("the engine has no account")
    elif (end["records"], end["programs"]) != (counts["writes.jsonl"], counts["processes.jsonl"]):
        gaps.append("the files hold another number of records than were sent")
    broken, uncounted = judge_writes(artifacts, cage, contract)
    gaps += uncounted if end is not None else []
    return {"recorder_coverage": gaps, "allowed_writes": gaps + broken}


def moment(text):
    """Nanoseconds since 1970 of an RFC 3339 time in UTC; the container engine writes up to nine decimals."""
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int((rest or "0").ljust(9, "0")[:9])


def tests_began_early(cage):
    """Whether the tests on the result were told to begin before the engine's container was over, by either clock."""
    engine, tests = cage["engine"], cage["verification"]["after"]
    begun = None if tests is None else tests.get("begun_at", tests["created_at"])
    if begun is None:
        return False
    over = [] if engine is None else [engine["finished_at"], ((engine["inspect_exited"] or {}).get("State") or {}).get("FinishedAt")]
    return len(over) != 2 or None in over or any(moment(begun) < moment(end) // 10**6 * 10**6 for end in over)


def check_source(artifacts, found):
    """Where the tests before the engine are those of an earlier run: its documents are there, whole, and of the same world."""
    run = load(os.path.join(artifacts, "run.json"))
    named = run.get("tests_before")
    if named is None:
        if strays := [name for name in found if name.startswith(f"{SOURCE}/")]:
            raise Broken(f"{strays[0]!r} is of another run, and run.json names none")
        return "made by this run"
    folder = os.path.join(artifacts, SOURCE)
    if sha256_file(os.path.join(folder, "digests.json")) != named["bundle"]:
        raise Broken(f"{SOURCE}/digests.json is not the one that run.json names")
    listed = load(os.path.join(folder, "digests.json"))
    for name in SOURCE_FILES:
        if sha256_file(os.path.join(folder, name)) != listed["files"][name]["digest"]:
            raise Broken(f"{SOURCE}/{name} is not what that run's digests.json says")
    theirs, their_contract, their_cage = (load(os.path.join(folder, name)) for name in SOURCE_FILES[:3])
    contract, cage = (load(os.path.join(artifacts, name)) for name in ("contract.json", "cage.json"))
    if any(one["nonce"] != named["nonce"] for one in (listed, theirs, their_contract, their_cage)):
        raise Broken(f"{SOURCE} carries another nonce than the run that run.json names")
    if named["nonce"] == run["nonce"] or theirs["run_id"] != named["run_id"] or their_contract["run_id"] != named["run_id"]:
        raise Broken(f"{SOURCE} is not of the run that run.json names")
    if theirs.get("tests_before") is not None:
        raise Broken(f"{SOURCE} has its tests from another run itself")
    same = [(contract[key], their_contract[key]) for key in ("fixture", "test_command", "limits", "engine_state")]
    same += [(run["image"]["digest"], theirs["image"]["digest"]), (cage["versions"], their_cage["versions"]),
             (run["proofbox_version"], theirs["proofbox_version"]), (run["host_namespaces"], theirs["host_namespaces"]),
             ((run["signer"] or {}).get("keyid"), (theirs["signer"] or {}).get("keyid"))]
    if any(ours != other for ours, other in same):
        raise Broken(f"{SOURCE} is of another fixture, contract, image, host or signer")
    before = their_cage["verification"]["before"]
    if before is None or before != cage["verification"]["before"]:
        raise Broken("the tests before the engine are not on record as the named run has them")
    exited = before["inspect_exited"]["State"]["FinishedAt"]
    for end in (before["finished_at"], exited):
        order = [moment(at) for at in (theirs["started_at"], before["created_at"], end, theirs["finished_at"])]
        # Documents cut the clock: a tenth of a second is no order.
        if any(later < earlier - 10**8 for earlier, later in zip(order, order[1:])):
            raise Broken(f"the tests of {SOURCE} did not live within that run")
    if moment(run["started_at"]) < moment(theirs["finished_at"]):
        raise Broken(f"the run of {SOURCE} was not over when this one began")
    if moment(run["started_at"]) - moment(theirs["finished_at"]) > 86_400 * 10**9:
        raise Broken(f"{SOURCE} is older than a day")
    return f"those of run {named['run_id']}"


def check_claims(artifacts, derived):
    """report.json must say what the raw files say, and be in itself sound."""
    report = load(os.path.join(artifacts, "report.json"))
    claimed = {proof["id"]: proof["status"] for proof in report["proofs"]}
    if tests_began_early(load(os.path.join(artifacts, "cage.json"))) and claimed.get("freshness") == "passed":
        raise Broken("report.json says passed for freshness, but the tests began before the engine was gone")
    for proof, problems in derived.items():
        status = status_of(problems)
        if claimed.get(proof) != status:
            raise Broken(f"report.json says {claimed.get(proof)} for {proof}, the records say {status}: {(problems or [])[:1]}")
    is_pass = "failed" not in claimed.values() and not report["blockers"] and len(claimed) == 13
    if (report["status"] == "passed") != is_pass:
        raise Broken(f"report.json says {report['status']}, its own proofs do not")
    if report["contract_digest"] != sha256_file(os.path.join(artifacts, "contract.json")):
        raise Broken("report.json names another contract")
    return report


def public_key(pem):
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_public_key(pem)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, hashlib.sha256(der).hexdigest()


def verify_signature(key, signature, message):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            raise Broken("is of a kind of key that is not used here")
    except InvalidSignature:
        raise Broken("has a signature that does not verify") from None


def check_envelope(artifacts, name, key, keyid, subjects=None):
    envelope = load_canonical(os.path.join(artifacts, name))
    if len(envelope["signatures"]) != 1 or envelope["signatures"][0]["keyid"] != keyid:
        raise Broken(f"{name} is not signed by the key of run.json")
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode("utf-8")
    # DSSE v1, pre-authentication encoding.
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    verify_signature(key, base64.b64decode(envelope["signatures"][0]["sig"], validate=True), message)
    statement = json.loads(payload)
    for subject in statement["subject"]:
        if subjects is not None and subject["name"] not in subjects:
            continue
        if sha256_file(os.path.join(artifacts, subject["name"])) != "sha256:" + subject["digest"]["sha256"]:
            raise Broken(f"{name} speaks of another {subject['name']}")
    return statement


def check_signature(artifacts, found, report, key_file):
    signer = load(os.path.join(artifacts, "run.json"))["signer"]
    there = [name for name in ENVELOPES if name in found]
    if signer is None:
        if there or key_file:
            raise Broken(f"run.json says that the run is not signed{', but it has ' + there[0] if there else ''}")
        return "not signed"
    if there != ENVELOPES:
        raise Broken("an envelope is missing, though the run is signed")
    key, keyid = public_key(signer["public_key"].encode("utf-8"))
    if keyid != signer["keyid"]:
        raise Broken("run.json names a signer whose key is not the one of its keyid")
    if key_file:
        with open(key_file, "rb") as file:
            if public_key(file.read())[1] != keyid:
                raise Broken("the run is signed with another key than the one given")
    for name in there:
        statement = check_envelope(artifacts, name, key, keyid)
        if name == "attestation.dsse.json" and statement["predicate"]["verdict"] != report["status"]:
            raise Broken("attestation.dsse.json says another verdict than report.json")
    named = load(os.path.join(artifacts, "run.json")).get("tests_before")
    if named is not None:
        # Of that run's subjects only this one is here.
        theirs = check_envelope(os.path.join(artifacts, SOURCE), ENVELOPES[0], key, keyid, ["digests.json"])
        lists = [one["digest"]["sha256"] for one in theirs["subject"] if one["name"] == "digests.json"]
        if [f"sha256:{one}" for one in lists] != [named["bundle"]] or theirs["predicate"]["run_id"] != named["run_id"]:
            raise Broken(f"{SOURCE}/{ENVELOPES[0]} is of another run")
        proven = {one["id"] for one in theirs["predicate"]["proofs"] if one["status"] == "passed"}
        if not proven >= {"cage_mounts", "cage_privileges", "recorder_coverage", "freshness"}:
            raise Broken(f"the run of {SOURCE} did not prove what its tests rest on")
    return f"three envelopes signed by {keyid[:16]}"


def check_baseline(run_directory, key_file):
    """The fake lane that run.json names lies beside the run, is the very one, and holds by itself."""
    named = load(os.path.join(run_directory, "artifacts", "run.json")).get("baseline")
    folder = os.path.join(run_directory, "baseline")
    if named is None and not os.path.lexists(folder):
        return "none"
    strange = named is None or os.path.islink(folder) or os.path.lexists(os.path.join(folder, "baseline"))
    if strange or not all(ok for _, ok, _ in verify(folder, key_file)[0]):
        raise Broken("the baseline does not hold")
    if sha256_file(os.path.join(folder, "artifacts", "digests.json")) != named["bundle"]:
        raise Broken("the baseline is not the one that run.json names")
    return "holds"


def verify(run_directory, key_file):
    """Every check in turn; stops at the first that fails. Returns (checks, derived)."""
    artifacts = os.path.join(run_directory, "artifacts")
    checks, derived = [], {}

    def step(name, act):
        try:
            value = act()
        except Broken as error:
            checks.append((name, False, str(error)))
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OSError, ImportError) as error:
            checks.append((name, False, f"{type(error).__name__}: {error}"))
            raise Broken(name) from None
        checks.append((name, True, value if isinstance(value, str) else ""))
        return value

    try:
        found = step("layout", lambda: check_layout(artifacts))[0]
        step("digests", lambda: check_digests(artifacts, found))
        nonce = step("nonce", lambda: check_nonce(artifacts))
        counts = step("sequence", lambda: check_sequence(artifacts, nonce))
        step("tests before", lambda: check_source(artifacts, found))
        derived = step("records", lambda: judge(artifacts, nonce, counts))
        report = step("claims", lambda: check_claims(artifacts, derived))
        step("signature", lambda: check_signature(artifacts, found, report, key_file))
        step("baseline", lambda: check_baseline(run_directory, key_file))
    except Broken:
        pass
    return checks, {name: status_of(problems) for name, problems in derived.items()}


def main():
    parser = argparse.ArgumentParser(description="Checks a proofbox bundle without proofbox.")
    parser.add_argument("run_dir")
    parser.add_argument("--key", help="the public key that must have signed the run, PEM")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.run_dir, "artifacts")):
        print(f"error: {options.run_dir} holds no artifacts/; give a run directory", file=sys.stderr)
        return 2
    checks, derived = verify(options.run_dir, options.key)
    holds = all(ok for _, ok, _ in checks)
    if options.json:
        print(json.dumps({"holds": holds, "derived": derived, "checks": [list(check) for check in checks]}))
    else:
        for name, ok, detail in checks:
            print(f"  {'ok  ' if ok else 'FAIL'} {name:12} {detail!r}")
        print("HOLDS" if holds else "DOES NOT HOLD")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
