# attempts: a file of the image mapped to be written
# blockers: denied_write
# refused: openat /usr/bin/python3
# says: map: EACCES
mend()
import mmap
say("open", attempt(lambda: os.open("/usr/bin/python3", os.O_RDWR)))
place = os.open("/usr/bin/env", os.O_RDONLY)
say("map", attempt(lambda: mmap.mmap(place, 0, mmap.MAP_SHARED, mmap.PROT_WRITE)))
