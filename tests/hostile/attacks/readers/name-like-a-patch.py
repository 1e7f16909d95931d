# attempts: names that would be lines of a patch
# blockers: disallowed_file
mend()
open("/workspace/a b\n+++ b", "w").write("x"); os.makedirs("/workspace/ b/etc"); open("/workspace/ b/etc/passwd", "w").write("x")
