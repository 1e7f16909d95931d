# attempts: the name of the machine
# blockers: no_diff tests_failed
# says: sethostname: EPERM
# unseen: the container engine's own profile refuses it first
say("hostname", os.uname().nodename)
say("sethostname", call(170, b"mine", 4))
