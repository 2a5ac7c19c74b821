"""A line for each check, and the count at the end; what is checked says what is wrong, or nothing."""

import subprocess
import sys

_results = []


def check(name, problem):
    _results.append(not problem)
    print(f"FAILED {name}: {problem}" if problem else f"ok     {name}", flush=True)


def run(command, **where):
    """Runs a program that has to succeed; what it says is of interest only if it does not."""
    done = subprocess.run(command, capture_output=True, text=True, **where)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def finish():
    """Ends the program."""
    failed = _results.count(False)
    print(f"{_results.count(True)} passed, {failed} failed")
    sys.exit(failed > 0)
