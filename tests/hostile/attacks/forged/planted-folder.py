# attempts: the very folder that planted things are moved to
# blockers: forged_artifact
mend()
os.makedirs("/artifacts/backend/planted/1")
