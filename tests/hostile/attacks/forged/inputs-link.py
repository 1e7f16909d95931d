# attempts: its inputs replaced by a link to the host
# blockers: forged_artifact
mend()
os.rename("/artifacts/inputs", "/artifacts/backend/old")
os.symlink("@HOST@", "/artifacts/inputs")
