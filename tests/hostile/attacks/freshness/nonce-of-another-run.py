# attempts: a nonce of its own in words that look like ours
# blockers: none
mend()
print('{"schema":"proofbox.hello/v1","nonce":"00000000000000000000000000000000"}', flush=True)
os.write(2, b"\x00\x00\x00\x10" * 100)
