# attempts: events that never end
# blockers: none
mend()
os.mkfifo("/artifacts/backend/events.jsonl")
