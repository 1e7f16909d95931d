# attempts: a file without a name, then given one, so that no open names it
# blockers: disallowed_file
# recorded: linkat .*named.txt
mend()
place = os.open("/workspace/counter", os.O_TMPFILE | os.O_RDWR)
os.write(place, b"x")
say("linkat", call(265, -100, f"/proc/self/fd/{place}".encode(), -100, b"/workspace/counter/named.txt", 0x400))
