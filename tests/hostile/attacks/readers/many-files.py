# attempts: 100,000 files
# blockers: none
mend()
os.mkdir("/workspace/counter/many")
for n in range(100000): open(f"/workspace/counter/many/{n}.py", "w").close()
