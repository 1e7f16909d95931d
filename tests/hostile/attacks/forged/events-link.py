# attempts: events that are a file of the host
# blockers: none
mend()
os.symlink("@CANARY@", "/artifacts/backend/events.jsonl")
