# attempts: the one document without which nothing can be judged
# blockers: forged_artifact
mend()
open("/artifacts/run.json", "w").write("{}")
