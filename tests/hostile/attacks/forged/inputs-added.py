# attempts: an input that nobody gave
# blockers: forged_artifact
mend()
open("/artifacts/inputs/permission.json", "w").write("{}")
