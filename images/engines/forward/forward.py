"""The one way out of a cage: a port of the loopback interface that leads to a socket of the harness.

usage: forward.py SOCKET PORT -- PROGRAM ARGS...

Listens, leaves a child behind that carries bytes, and becomes the program. Knows nothing of what it carries: what may
pass is the gateway's business, on the other side of the socket.
"""

import os
import socket
import sys
import threading


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, path):
    with client, socket.socket(socket.AF_UNIX) as gateway:
        try:
            gateway.connect(path)
        except OSError:
            return
        back = threading.Thread(target=carry, args=(gateway, client), daemon=True)
        back.start()
        carry(client, gateway)
        back.join()


def main():
    path, port = sys.argv[1], int(sys.argv[2])
    program = sys.argv[sys.argv.index("--") + 1:]
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    if os.fork() > 0:
        listener.close()
        try:
            os.execvp(program[0], program)
        except OSError as error:
            print(f"{program[0]}: {error.strerror}", file=sys.stderr)
            sys.exit(127 if isinstance(error, FileNotFoundError) else 126)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, path), daemon=True).start()


main()
