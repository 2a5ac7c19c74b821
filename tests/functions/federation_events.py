"""Writes the events of the federation's functions, what they are to answer, and the trust anchor of the fixture.

Run from the top: tests/clients/.venv/bin/python tests/functions/federation_events.py
The events can be replayed at any time: what would be accepted is too old by then, so `check.py` sends it fresh."""

import base64
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, "tests/functions")
from federation import ANCHOR, PARTY, SERVICE, Entity, request

EVENTS = pathlib.Path("events")
DATA = pathlib.Path("cli/tests/data/federation.json")

LONG_AGO, FOR_EVER = 1_700_000_000, 4_102_444_800
STATEMENT = "application/entity-statement+jwt"
CHAIN = "application/trust-chain+json"
ORGANIZATION_TOKEN = "org_" + "A" * 43
READER_TOKEN = "svc_" + "A" * 42 + "C"


def event(name, method, route, *, service=SERVICE, body=None, content_type=None, token=None):
    path = route.replace("{serviceId}", str(service))
    headers = {
        "accept": "*/*",
        "host": "registrar.example",
        "user-agent": "events",
        "x-forwarded-for": "192.0.2.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    if content_type:
        headers["content-type"] = content_type
    if token:
        headers["authorization"] = f"Bearer {token}"
    written = {
        "version": "2.0",
        "routeKey": f"ANY {route}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": dict(sorted(headers.items())),
        "pathParameters": {"serviceId": str(service)},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "registrar.example",
            "domainPrefix": "registrar",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "events",
            },
            "requestId": "EXAMPLE=",
            "routeKey": f"ANY {route}",
            "stage": "$default",
            "time": "21/Sep/2026:14:13:20 +0000",
            "timeEpoch": 1790000000000,
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        text = content_type == "application/json"
        written["body"] = body if text else base64.b64encode(body.encode()).decode()
        written["isBase64Encoded"] = not text
    write(EVENTS / f"{name}.json", written)
    return name


def write(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def expect(name, status, body, **headers):
    headers = {header.replace("_", "-"): value for header, value in headers.items()}
    write(EVENTS / "expected" / f"{name}.json", {"statusCode": status, "headers": headers, "body": body})


def refuse(name, status, code, description, **headers):
    body = {"error": code, "error_description": description}
    expect(name, status, body, content_type="application/json", cache_control="no-store", **headers)


write(DATA, {"entity_id": ANCHOR.id, "jwks": json.dumps(ANCHOR.jwks())})

CONFIGURATION = "federation-entity-configuration"
APPENDED, INSERTED = "/{serviceId}/.well-known/openid-federation", "/.well-known/openid-federation/{serviceId}"
for case, route in [("appended", APPENDED), ("inserted", INSERTED)]:
    published = event(f"{CONFIGURATION}.{case}", "GET", route)
    expect(published, 200, "*", content_type=STATEMENT, cache_control="public, max-age=300")
refuse(event(f"{CONFIGURATION}.unknown-service", "GET", APPENDED, service=999), 404, "not_found", "there is no such service")
refuse(event(f"{CONFIGURATION}.closed-door", "GET", APPENDED, service=101), 404, "not_found", "there is no such service")
refuse(event(f"{CONFIGURATION}.method-not-allowed", "POST", APPENDED), 405, "invalid_request", "the method is not allowed here", allow="GET")

REGISTRATION, ROUTE = "federation-explicit-registration", "/{serviceId}/federation/register"
WRONG_AUDIENCE = PARTY.sign(request(LONG_AGO, FOR_EVER, aud="https://other.example"))
AUDIENCE = "the entity configuration: its aud is not this provider's entity identifier alone"
forged = Entity(PARTY.id, 1_000_003).sign(request(LONG_AGO, FOR_EVER))
for case, content_type, body, code, description in [
    ("wrong-audience", STATEMENT, WRONG_AUDIENCE, "invalid_request", AUDIENCE),
    ("too-old", STATEMENT, PARTY.sign(request(LONG_AGO, FOR_EVER)), "invalid_request", "the entity configuration: its iat is more than 600 seconds ago"),
    ("expired", STATEMENT, PARTY.sign(request(LONG_AGO, LONG_AGO + 60)), "invalid_request", "the entity configuration: its exp is in the past"),
    ("forged", STATEMENT, forged, "invalid_request", "the entity configuration: its signature is not valid"),
    ("other-type", STATEMENT, PARTY.sign(request(LONG_AGO, FOR_EVER), typ="JWT"), "invalid_request", "the entity configuration: its header typ is not entity-statement+jwt"),
    ("malformed", STATEMENT, "nonsense", "invalid_request", "the entity configuration: it is not a signed JWT"),
    ("content-type", "application/jwt", WRONG_AUDIENCE, "invalid_request", "the content type must be application/entity-statement+jwt or application/trust-chain+json"),
    ("chain-of-one", CHAIN, json.dumps([PARTY.sign(request(LONG_AGO, FOR_EVER))]), "invalid_trust_chain", "the trust chain: a trust chain has 2 to 8 statements"),
    ("no-list", CHAIN, "{}", "invalid_trust_chain", "the trust chain: a trust chain is a list of entity statements"),
]:
    refuse(event(f"{REGISTRATION}.{case}", "POST", ROUTE, body=body, content_type=content_type), 400, code, description)
refuse(event(f"{REGISTRATION}.closed-door", "POST", ROUTE, service=101, body=WRONG_AUDIENCE, content_type=STATEMENT), 404, "not_found", "there is no such service")
refuse(event(f"{REGISTRATION}.method-not-allowed", "GET", ROUTE), 405, "invalid_request", "the method is not allowed here", allow="POST")


def act(name, code, action, message, content):
    body = {"resultCode": code, "resultMessage": f"[{code}] {message}", "action": action, "responseContent": content}
    expect(name, 200, body, content_type="application/json", cache_control="no-store")


def content(code, description):
    return json.dumps({"error": code, "error_description": description}, separators=(",", ":"))


API = "/api/{serviceId}/federation/"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def operation(name, case, body, *, service=SERVICE, content_type=JSON, token=ORGANIZATION_TOKEN):
    route = API + name.removeprefix("authlete-federation-")
    return event(f"{name}.{case}", "POST", route, service=service, body=body, content_type=content_type, token=token)


NOT_ENABLED = "this service takes part in no federation"
NEITHER = "the request must be an entity configuration or a trust chain"
name = "authlete-federation-registration"
configuration = json.dumps({"entityConfiguration": WRONG_AUDIENCE})
act(operation(name, "wrong-audience", configuration), "A317390", "BAD_REQUEST", AUDIENCE, content("invalid_request", AUDIENCE))
form = urllib.parse.urlencode({"entityConfiguration": WRONG_AUDIENCE})
act(operation(name, "by-form", form, content_type=FORM), "A317390", "BAD_REQUEST", AUDIENCE, content("invalid_request", AUDIENCE))
act(operation(name, "nothing", "{}"), "A317390", "BAD_REQUEST", NEITHER, content("invalid_request", NEITHER))
both = json.dumps({"entityConfiguration": WRONG_AUDIENCE, "trustChain": "[]"})
act(operation(name, "both", both), "A317390", "BAD_REQUEST", NEITHER, content("invalid_request", NEITHER))
act(operation(name, "not-enabled", configuration, service=101), "A317290", "NOT_FOUND", NOT_ENABLED, content("not_found", NOT_ENABLED))


def fault(name, status, code, message):
    body = {"resultCode": code, "resultMessage": f"[{code}] {message}", "action": "INTERNAL_SERVER_ERROR"}
    expect(name, status, body, content_type="application/json", cache_control="no-store")


fault(operation(name, "without-token", configuration, token=None), 401, "A001202", "/federation/registration, Authorization header is missing.")
fault(operation(name, "missing-permission", configuration, service=101, token=READER_TOKEN), 403, "A001293", "/federation/registration, the token does not permit this")
fault(operation(name, "not-a-string", '{"trustChain":[]}'), 400, "A001290", "/federation/registration, trustChain must be a string")

name = "authlete-federation-configuration"
act(operation(name, "generated", "{}"), "A316001", "OK", "The entity configuration has been generated.", "*")
act(operation(name, "without-body", None, content_type=None), "A316001", "OK", "The entity configuration has been generated.", "*")
act(operation(name, "not-enabled", "{}", service=101), "A316290", "NOT_FOUND", NOT_ENABLED, content("not_found", NOT_ENABLED))
fault(operation(name, "without-token", "{}", token=None), 401, "A001202", "/federation/configuration, Authorization header is missing.")
