"""What the Python clients share. Each is started with the path of the server's demo.json, prints one line per check
and exits with 1 if one failed."""

import json
import pathlib
import sys
from contextlib import contextmanager

CLIENT = pathlib.Path(sys.argv[0]).stem.removesuffix("_client").replace("_", "-")

with open(sys.argv[1], encoding="utf-8") as file:
    demo = json.load(file)

_failed = False


@contextmanager
def checking(name):
    """Prints the line of the check that runs inside."""
    global _failed
    try:
        yield
        print(f"ok {CLIENT}: {name}", flush=True)
    except Exception as error:
        _failed = True
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"not ok {CLIENT}: {name}: {reason}", flush=True)


def check(name):
    """Runs a check as soon as it is defined, and prints its line."""

    def run(body):
        with checking(name):
            body()

    return run


def finish():
    """Ends the program."""
    sys.exit(_failed)


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, not {expected!r}")


def true(condition, message):
    if not condition:
        raise AssertionError(message)
