"""Events and routes against a running `cargo lambda watch`; see `run`."""

import base64
import json
import pathlib
import re
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request

import federation
from report import check, finish

PORT = sys.argv[1]
BASE = f"http://127.0.0.1:{PORT}"
EVENTS = pathlib.Path("events")


def difference(expected, answer):
    if "statusCode" not in expected:
        return None if answer == expected else f"answer {answer}"
    if answer["statusCode"] != expected["statusCode"]:
        return f"status {answer['statusCode']}: {answer['body']}"
    for name, value in expected["headers"].items():
        found = answer["headers"].get(name)
        if found != value and (value != "*" or not found):
            return f"{name}: {found}"
    return where("body", expected["body"], parsed(answer.get("body")))


def where(place, expected, found):
    """Where the first difference is; "*" stands for any value, also in a string that holds an object."""
    if expected == "*" or expected == found:
        return None
    if isinstance(expected, str) and isinstance(found, str):
        expected, found = parsed(expected), parsed(found)
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs = [(f"{place}.{name}", expected[name], found[name]) for name in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(f"{place}[]", *pair) for pair in zip(expected, found)]
    else:
        return f"{place}: {found}"
    return next(filter(None, (where(*pair) for pair in pairs)), None)


def parsed(text):
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def load(path):
    return json.loads(path.read_text())


def invoke(event):
    function = event.name.split(".")[0]
    command = ["cargo", "lambda", "invoke", function, "--invoke-port", PORT, "--data-file", str(event)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if answer.returncode:
        return answer.stderr.strip()
    return difference(load(EVENTS / "expected" / event.name), json.loads(answer.stdout))


def call(path, **request):
    """The answer of the function behind a route, whatever its status."""
    try:
        answer = urllib.request.urlopen(urllib.request.Request(BASE + path, **request), timeout=300)
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


def reads(function):
    """Whether GET has a meaning there: an event sends it and is not to be answered 405."""
    for event in EVENTS.glob(f"{function}.*.json"):
        method = load(event)["requestContext"]["http"]["method"]
        if method == "GET" and load(EVENTS / "expected" / event.name)["statusCode"] != 405:
            return True
    return False


# What only our functions say to a GET: discovery answers, registration is not read, a client needs a token.
OAUTH = {"register": 405, "client-configuration": 401, "discovery": 200}
# The same of what authorization servers ask there, without a page in a browser.
LOOKUPS = {"client-lookup": 401, "client-used": 405}
OPEN = {"authlete-info": 200, "authlete-healthcheck": 200, "authlete-echo": 200, "authlete-unknown": 404}
IDENTITY_CENTER = {"huawei-register-client": b'"error_code":"IIC.400"', "aws-register-client": b'"error":"invalid_request"'}
# What operators ask without a token.
OPERATORS = {"operator-client-action": 405, "operator-bulk": 405, "operator-policy-try": 405, "operator-token": 405}
# Service 101 does not open this door.
FEDERATION = {"federation-entity-configuration": 404, "federation-explicit-registration": 405}
# Files that need nothing.
FILES = {"console": "default-src 'none'; script-src 'self'", "pages": "default-src 'none'; s"}
# Without a client certificate; a GET means something at a client only.
STET = {"stet-register": 405, "stet-client": 401, "stet-token": 405, "stet-unknown": 400}
CODES = {401: "A001202", 404: "A001292", 405: "A001294"}


def problem(function, status, headers, body):
    """What is wrong with the answer to a GET without a token."""
    cors = headers.get("access-control-allow-origin")
    if function in OAUTH:
        ours = status == OAUTH[function] and cors == "*" and json.loads(body)
    elif function.startswith("operator-"):
        expected = OPERATORS.get(function, 401)
        ours = status == expected and cors is None and "error_description" in json.loads(body)
    elif function in LOOKUPS:
        ours = status == LOOKUPS[function] and cors is None and "error_description" in json.loads(body)
    elif function in FEDERATION:
        ours = status == FEDERATION[function] and cors is None and "error_description" in json.loads(body)
    elif function in FILES:
        ours = status == 200 and cors is None and headers["content-security-policy"].startswith(FILES[function])
    elif function in STET:
        ours = status == STET[function] and cors is None and json.loads(body)["status"] == status
    elif function in IDENTITY_CENTER:
        ours = status == 405 and cors is None and IDENTITY_CENTER[function] in body
    else:
        expected = OPEN.get(function) or (401 if reads(function) else 405)
        said = expected == 200 or f'"resultCode":"{CODES[expected]}"'.encode() in body
        ours = status == expected and cors is None and said
    return None if ours else f"{status} {body[:200]}"


router = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["workspace"]["metadata"]["lambda"]["watch"]["router"]
PARAMETERS = {
    "{serviceId}": "101",
    "{clientId}": "nobody",
    "{*clientId}": "nobody",
    "{*path}": "nothing",
    "{*asset}": "style.css",
    "{*subject}": "nobody",
    "{client}": "nobody",
    "{action}": "lock",
    "{token}": "nothing",
    "{*accessTokenIdentifier}": "nothing",
}
for route, function in router.items():
    path = "/".join(PARAMETERS.get(segment, segment) for segment in route.split("/"))
    check(f"GET {route}", problem(function, *call(path)))


def registration():
    """What is wrong with the answer to a relying party's trust chain, which is too old for an event."""
    now = int(time.time())
    body = json.dumps(federation.chain(now, now + 600)).encode()
    path = f"/{federation.SERVICE}/federation/register"
    status, headers, body = call(path, data=body, headers={"content-type": "application/trust-chain+json"})
    if status != 200 or headers["content-type"] != "application/explicit-registration-response+jwt":
        return f"{status} {body[:200]}"
    header = json.loads(base64.urlsafe_b64decode(body.split(b".")[0] + b"=="))
    return None if header["typ"] == "explicit-registration-response+jwt" else f"header {header}"


check("a relying party registers with its trust chain", registration())


def walk():
    """What is wrong with the way of a user and a client: from the request to tokens, and to their end."""
    bearer = "svc_" + "A" * 42 + "R"
    client = {"clientId": "2001", "clientSecret": "fixture-secret"}

    def ask(operation, **members):
        headers = {"content-type": "application/json", "authorization": f"Bearer {bearer}"}
        path = f"/api/112/auth/{operation}"
        status, _, body = call(path, data=json.dumps(members).encode(), headers=headers)
        answer = json.loads(body)
        asked.append((operation, status, answer.get("action"), answer["resultMessage"]))
        return answer

    def token(**parameters):
        return ask("token", parameters=urllib.parse.urlencode(parameters), **client)

    def introspected(value):
        return ask("introspection", token=value, scopes=["accounts"])["action"]

    asked = []
    redirect = "https://rp.example/cb"
    request = {
        "response_type": "code",
        "client_id": "2001",
        "redirect_uri": redirect,
        "scope": "openid accounts",
        "state": "xyz",
    }
    begun = ask("authorization", parameters=urllib.parse.urlencode(request))
    issued = ask("authorization/issue", ticket=begun.get("ticket"), subject="walker")
    answered = urllib.parse.urlsplit(issued.get("responseContent", ""))
    parameters = dict(urllib.parse.parse_qsl(answered.query))
    if not answered.geturl().startswith(redirect) or parameters.get("state") != "xyz":
        return f"{asked}"
    code = {"grant_type": "authorization_code", "code": parameters["code"], "redirect_uri": redirect}
    given = token(**code)
    if given["action"] != "OK" or not given.get("idToken") or introspected(given["accessToken"]) != "OK":
        return f"{asked}"
    refreshed = token(grant_type="refresh_token", refresh_token=given["refreshToken"])
    if refreshed["action"] != "OK" or introspected(given["accessToken"]) != "UNAUTHORIZED":
        return f"{asked}"
    if introspected(refreshed["accessToken"]) != "OK":
        return f"{asked}"
    ended = ask("revocation", parameters=urllib.parse.urlencode({"token": refreshed["refreshToken"]}), **client)
    if ended["action"] != "OK" or introspected(refreshed["accessToken"]) != "UNAUTHORIZED":
        return f"{asked}"
    return None if token(**code)["action"] == "BAD_REQUEST" else f"{asked}"


check("a user lets a client have tokens, which it refreshes and revokes", walk())


def logged():
    """What is wrong with the lines that the functions have written about all of this."""
    text = pathlib.Path(sys.argv[2]).read_text(errors="replace")
    lines = [json.loads(line) for line in re.findall(r'^\{"level".*\}$', text, re.MULTILINE)]
    answered = [line for line in lines if "request_id" in line]
    namespaces = {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in answered}
    if namespaces != {"Registrar/test"}:
        return f"metrics are in {namespaces}"
    if missing := set(router.values()) - {line["function"] for line in answered}:
        return f"no line is of {missing}"
    stored = [line for line in answered if line["function"] == "register" and line["status"] == 201]
    if not any(line.get("Registrations") == 1 and line["Door"] == "oauth" for line in stored):
        return f"no registration is counted in {stored}"
    return None if any(line.get("cold_start") for line in answered) else "nothing was a cold start"


check("each request leaves one line, with its metrics", logged())

finish()
