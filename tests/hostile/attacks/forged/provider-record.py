# attempts: traffic that never was
# blockers: forged_artifact
mend()
open("/artifacts/provider.jsonl", "w").write("{}\n")
