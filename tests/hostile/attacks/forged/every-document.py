# attempts: every document at once, and a name for each kind of entry
# blockers: forged_artifact
mend()
for name in ["report.md", "report.html", "trace.jsonl", "trees.json", "forbidden.json", "watch.jsonl", "test.log"]:
    open(f"/artifacts/{name}", "w").write("{}")
os.mkdir("/artifacts/processes.jsonl")
os.symlink("report.md", "/artifacts/contract.json")
