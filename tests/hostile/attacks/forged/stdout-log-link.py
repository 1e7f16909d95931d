# attempts: a link to the host where its output is kept
# blockers: forged_artifact
mend()
os.symlink("@CANARY@", "/artifacts/backend/stdout.log")
