# attempts: a name that moves the cursor of whoever lists it
# blockers: forged_artifact
mend()
open("/artifacts/\x1b[2Jreport.json", "w").write("x")
