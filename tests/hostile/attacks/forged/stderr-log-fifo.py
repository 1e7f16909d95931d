# attempts: a FIFO where its errors are kept
# blockers: forged_artifact
mend()
os.mkfifo("/artifacts/backend/stderr.log")
