# attempts: its log folder replaced by a link to the host
# blockers: forged_artifact
mend()
os.rename("/artifacts/backend", "/artifacts/inputs/old")
os.symlink("@HOST@", "/artifacts/backend")
