# attempts: another contract in the place of the one it was handed
# blockers: forged_artifact
mend()
os.chmod("/artifacts/inputs/contract.json", 0o644)
open("/artifacts/inputs/contract.json", "w").write("{}")
