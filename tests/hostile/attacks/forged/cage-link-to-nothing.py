# attempts: a link that leads nowhere, for a write to follow
# blockers: forged_artifact
mend()
os.symlink("/nowhere/at/all", "/artifacts/cage.json")
