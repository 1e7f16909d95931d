# attempts: a name for a descriptor that has none
# blockers: denied_write
# refused: linkat(?: |$)
mend()
place = os.open("/artifacts/backend/mine", os.O_CREAT | os.O_RDWR)
say("linkat", call(265, place, b"", -100, b"/etc/by-empty-path", 0x1000))
