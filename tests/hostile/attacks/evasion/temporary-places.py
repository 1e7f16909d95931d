# attempts: the usual places for what nobody is to find
# blockers: none
# recorded: openat /artifacts/backend/tmp/hidden$
# says: /tmp: done.*/var/tmp: done.*home: done
# note: they lead to run_artifact_dir: what is put there is evidence
mend()
for name, folder in [("/tmp", "/tmp"), ("/var/tmp", "/var/tmp"), ("home", os.environ["HOME"])]:
    say(name, attempt(lambda: open(os.path.join(folder, "hidden"), "w").close()))
