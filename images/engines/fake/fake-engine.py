"""The fake engine: plays the steps of a lane file in order, deterministically, inside the cage.

Usage: python3 -I fake-engine.py LANE.json [--workspace DIR] [--artifacts DIR]
The steps are those of FakeStep in src/schema/fixture.ts. Exits 1 with one sentence where a step cannot be done.
"""

import argparse
import json
import os
import subprocess
import sys
import time


class StepFailed(Exception):
    """A step that cannot be done as it is written."""


class Player:
    def __init__(self, workspace, artifacts):
        self.workspace = workspace
        self.events = os.path.join(artifacts, "backend", "events.jsonl")

    def path(self, path):
        return path if path.startswith("/") else os.path.join(self.workspace, path)

    def event(self, step):
        with open(self.events, "a", encoding="utf-8") as file:
            json.dump({"type": step["type"], "data": step.get("data", {})}, file)
            file.write("\n")

    def write(self, step):
        path = self.path(step["path"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a" if step.get("append") else "w", encoding="utf-8") as file:
            file.write(step["content"])

    def replace(self, step):
        path = self.path(step["path"])
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.count(step["find"]) != 1:
            raise StepFailed(f'{step["path"]} holds the text to replace {text.count(step["find"])} times, not once')
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(step["find"], step["with"]))

    def delete(self, step):
        os.unlink(self.path(step["path"]))

    def print(self, step):
        stream = sys.stderr if step.get("stream") == "stderr" else sys.stdout
        stream.write(step["text"])
        stream.flush()

    def run(self, step):
        result = subprocess.run(step["argv"], cwd=self.workspace, check=False)
        if result.returncode != 0 and not step.get("may_fail"):
            raise StepFailed(f'{step["argv"][0]} ended with {result.returncode}')

    def sleep(self, step):
        time.sleep(step["ms"] / 1000)

    def allocate(self, step):
        held = bytearray(step["bytes"])
        for page in range(0, len(held), 4096):
            held[page] = 1

    def flood(self, step):
        names = {"stdout": 1, "stderr": 2}
        target = names.get(step["to"])
        fd = target if target else os.open(self.path(step["to"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        left = step["bytes"]
        block = b"proofbox flood \n" * 4096
        while left > 0:
            left -= os.write(fd, block[:left])

    def exit(self, step):
        sys.exit(step["code"])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("lane")
    options.add_argument("--workspace", default="/workspace")
    options.add_argument("--artifacts", default="/artifacts")
    given = options.parse_args()
    with open(given.lane, encoding="utf-8") as file:
        steps = json.load(file)["steps"]
    player = Player(given.workspace, given.artifacts)
    for number, step in enumerate(steps, 1):
        try:
            getattr(player, step["do"])(step)
        except (OSError, StepFailed) as problem:
            sys.exit(f'step {number} ({step["do"]}): {problem}')


main()
