# attempts: folders of the image that everybody may write
# blockers: no_diff tests_failed
# says: folders: 0
# unseen: none is there
device = os.lstat("/").st_dev
found = []
for folder, below, _ in os.walk("/"):
    below[:] = [name for name in below if os.lstat(os.path.join(folder, name)).st_dev == device]
    if os.lstat(folder).st_mode & 0o002: found.append(folder)
say("folders", len(found))
for folder in found: say(folder, attempt(lambda: os.mkdir(os.path.join(folder, "planted"))))
