# attempts: a folder in the place of a document
# blockers: forged_artifact
mend()
os.makedirs("/artifacts/report.json/inside")
