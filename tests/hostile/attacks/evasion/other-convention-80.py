# attempts: int 0x80, whose numbers mean something else
# blockers: denied_write
# says: int80: -38
# only-with: int80
mend()
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\xb8\x27\x00\x00\x00\x31\xdb\x31\xc9\xcd\x80\x48\x98\xc3")
function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
# Where the processor has no such calls the one who tries it dies.
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, str(function()).encode())
    os._exit(0)
_, status = os.wait()
say("int80", "not on this processor" if os.WIFSIGNALED(status) else os.read(reader, 99).decode())
