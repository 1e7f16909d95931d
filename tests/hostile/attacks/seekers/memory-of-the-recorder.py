# attempts: environment, descriptors and memory of the recorder
# blockers: no_diff tests_failed
# says: environ: EACCES
# unseen: reads that the kernel refuses
say("environ", attempt(lambda: open("/proc/1/environ", "rb").read()))
say("fd", attempt(lambda: os.listdir("/proc/1/fd")))
say("mem", attempt(lambda: open("/proc/1/mem", "rb")))
say("exe", attempt(lambda: os.readlink("/proc/1/exe")))
