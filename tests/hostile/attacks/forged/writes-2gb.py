# attempts: a sparse file of 2 GB in the place of the record
# blockers: forged_artifact
mend()
with open("/artifacts/writes.jsonl", "w") as file:
    file.truncate(2 << 30)
