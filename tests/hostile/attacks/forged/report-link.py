# attempts: a link to the host where the verdict is written
# blockers: forged_artifact
mend()
os.symlink("@CANARY@", "/artifacts/report.json")
