"""Events and routes against a running `cargo lambda watch`; see `run`."""

import json
import pathlib
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request

PORT = sys.argv[1]
BASE = f"http://127.0.0.1:{PORT}"
EVENTS = pathlib.Path("events")
passed = failed = 0


def check(name, problem):
    global passed, failed
    if problem:
        failed += 1
        print(f"FAILED {name}: {problem}")
    else:
        passed += 1
        print(f"ok     {name}")


def difference(expected, answer):
    if "statusCode" not in expected:
        return None if answer == expected else f"answer {answer}"
    if answer["statusCode"] != expected["statusCode"]:
        return f"status {answer['statusCode']}: {answer['body']}"
    for name, value in expected["headers"].items():
        if answer["headers"].get(name) != value:
            return f"{name}: {answer['headers'].get(name)}"
    body = json.loads(answer["body"]) if answer.get("body") else None
    wanted = expected["body"]
    if wanted is None or body is None:
        return None if body == wanted else f"body {body}"
    if body.keys() != wanted.keys():
        return f"members {sorted(body)}"
    wrong = {name: body[name] for name, value in wanted.items() if value not in ("*", body[name])}
    return f"members {wrong}" if wrong else None


def invoke(event):
    function = event.name.split(".")[0]
    command = ["cargo", "lambda", "invoke", function, "--invoke-port", PORT, "--data-file", str(event)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if answer.returncode:
        return answer.stderr.strip()
    return difference(json.loads((EVENTS / "expected" / event.name).read_text()), json.loads(answer.stdout))


def call(path):
    """The answer of the function behind a route, whatever its status."""
    try:
        answer = urllib.request.urlopen(BASE + path, timeout=300)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    return answer.status, answer.headers, answer.read()


def listening():
    for _ in range(200):
        try:
            return call("/")
        except OSError:
            time.sleep(0.1)
    sys.exit("cargo lambda watch does not listen")


listening()
for event in sorted(EVENTS.glob("*.json")):
    check(event.name, invoke(event))

router = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["workspace"]["metadata"]["lambda"]["watch"]["router"]
for route in router:
    path = route.replace("{serviceId}", "101").replace("{clientId}", "nobody")
    status, headers, body = call(path)
    # What only our functions say: discovery answers, registration is not read, a client needs a token.
    expected = {"register": 405, "client-configuration": 401, "discovery": 200}[router[route]]
    ours = headers.get("access-control-allow-origin") == "*" and json.loads(body)
    check(f"GET {route}", None if status == expected and ours else f"{status} {body[:200]}")

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
