# attempts: the contract it was handed, gone
# blockers: forged_artifact
mend()
os.unlink("/artifacts/inputs/contract.json")
