# attempts: a ledger inside its own run
# blockers: forged_artifact
mend()
open("/artifacts/ledger.jsonl", "w").write("{}\n")
