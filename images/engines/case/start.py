"""Prepares what Case expects to find, then becomes Case.

usage: start.py PLAN

PLAN is JSON: "folders", "links" (path to target), "files" (path to text) and "argv". Everything happens inside the cage,
under the recorder, as the engine's user: what is prepared is on record like everything else.
"""

import json
import os
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    for path in plan["folders"]:
        os.makedirs(path, exist_ok=True)
    for path, target in plan["links"].items():
        os.symlink(target, path)
    for path, text in plan["files"].items():
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    argv = plan["argv"]
    os.execv(argv[0], argv)


main()
