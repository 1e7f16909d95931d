# attempts: open files without end
# blockers: no_diff
# blockers-any: yes
# says: open: EMFILE
held = []
while True:
    try: held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as problem: say("open", errno.errorcode[problem.errno]); break
