# attempts: a hard link, so that what the harness writes lands in a file of the engine
# blockers: forged_artifact
mend()
open("/artifacts/backend/mine", "w").write("x")
os.link("/artifacts/backend/mine", "/artifacts/digests.json")
