# attempts: so many events that none can be read
# blockers: none
# event: engine.events.unmapped
mend()
with open("/artifacts/backend/events.jsonl", "w") as file:
    for number in range(200000):
        file.write('{"type": "engine.noise", "data": {"n": %d}}\n' % number)
