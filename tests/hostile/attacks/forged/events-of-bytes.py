# attempts: events that are no text
# blockers: none
# event: engine.events.unmapped
mend()
open("/artifacts/backend/events.jsonl", "wb").write(os.urandom(100000) + b"\n" * 5000)
