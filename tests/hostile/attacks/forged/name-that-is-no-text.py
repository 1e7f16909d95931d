# attempts: a name that is not UTF-8 among the evidence
# blockers: forged_artifact
mend()
open(b"/artifacts/\xff\xfe.json", "w").write("x")
