"""examples/authlib with authlib's own OAuth2Session as the relying party: from discovery to tokens and back again.
Takes the demo.json of a service that lets nobody keep an answer (`lookup_max_age` 0)."""

import atexit
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading
import uuid
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from checks import check, demo, equal, finish, true

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "authlib" / "server.py"
NATIVE = {
    "client_name": "<b>A program</b>",
    "redirect_uris": ["http://127.0.0.1:8123/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
REDIRECT = "https://client.example/callback"
CONFIDENTIAL = NATIVE | {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_basic"}
FAULTS = {"a 503": 503, "a 429": 429, "no answer": 0}

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"


class Gate(http.server.BaseHTTPRequestHandler):
    """Stands between the example and Registrar: notes what look-ups are answered, and may answer them itself."""

    look_ups = []
    fault = None

    def forward(self):
        is_look_up = urlsplit(self.path).path.endswith("/client")
        if is_look_up and Gate.fault is not None:
            Gate.look_ups.append(Gate.fault)
            if Gate.fault:
                self.answer(Gate.fault, {"Retry-After": "7"}, b'{"error":"temporarily_unavailable"}')
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = ("Authorization", "Content-Type", "If-None-Match")
        passed = {name: self.headers[name] for name in asked if name in self.headers}
        answer = requests.request(self.command, demo["base_url"] + self.path, headers=passed, data=body, timeout=10)
        if is_look_up:
            Gate.look_ups.append(answer.status_code)
        told = ("Content-Type", "ETag", "Cache-Control", "Retry-After")
        told = {name: answer.headers[name] for name in told if name in answer.headers}
        self.answer(answer.status_code, told, answer.content)

    do_GET = do_POST = forward

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


gate = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate)
threading.Thread(target=gate.serve_forever, daemon=True).start()
service = f"http://127.0.0.1:{gate.server_port}/{demo['service_id']}"

environment = os.environ | {"PORT": "0", "REGISTRAR_SERVICE": service, "REGISTRAR_TOKEN": demo["service_token"]}
server = subprocess.Popen(
    [sys.executable, EXAMPLE], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
)
atexit.register(server.kill)
said = []
issuer = server.stdout.readline().removeprefix("issuer ").strip()
if not issuer:
    sys.exit(f"the example has ended: {server.stderr.read()}")
for stream in (server.stdout, server.stderr):
    threading.Thread(target=lambda lines: said.extend(lines), args=(stream,), daemon=True).start()

found = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()


def register(metadata):
    response = requests.post(found["registration_endpoint"], json=metadata, timeout=10)
    equal(response.status_code, 201, f"the status of {response.text}")
    return response.json()


def session(client, redirect_uri=None):
    return OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        token_endpoint_auth_method=client["token_endpoint_auth_method"],
        redirect_uri=redirect_uri or client["redirect_uris"][0],
        scope="profile",
        code_challenge_method="S256",
        token_endpoint=found["token_endpoint"],
    )


def consent(url, decision="allow"):
    """What a browser does. Answers where it is sent, or the page at which it ended."""
    browser = requests.Session()
    response = browser.get(url, allow_redirects=False, timeout=10)
    if response.status_code == 200:
        [page] = re.findall(r'name="page" value="([^"]+)"', response.text)
        response = browser.post(url, data={"page": page, "decision": decision}, allow_redirects=False, timeout=10)
    return response


def log_in(client, redirect_uri=None):
    relying_party = session(client, redirect_uri)
    verifier = generate_token(48)
    url, state = relying_party.create_authorization_url(found["authorization_endpoint"], code_verifier=verifier)
    response = consent(url)
    equal(response.status_code, 302, f"the status of {response.text}")
    answer = parse_qs(urlsplit(response.headers["Location"]).query)
    equal(answer.get("iss"), [issuer], "the issuer of the answer")
    relying_party.fetch_token(authorization_response=response.headers["Location"], state=state, code_verifier=verifier)
    return relying_party


def request_of(client, **more):
    """The URL of an authorization request, with parameters changed, or taken away by None."""
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uris"][0],
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{found['authorization_endpoint']}?{urlencode({k: v for k, v in (query | more).items() if v is not None})}"


def refused(response, status, error):
    equal((response.status_code, response.headers.get("Location")), (status, None), "the answer")
    equal(response.json()["error"], error, "the error")


def refresh(relying_party):
    return relying_party.refresh_token(found["token_endpoint"])


def token_request(client, **more):
    data = {"grant_type": "refresh_token", "refresh_token": "none", "client_id": client["client_id"]} | more
    return requests.post(found["token_endpoint"], data=data, timeout=10)


def operate(method, path, **request):
    headers = {"Authorization": f"Bearer {demo['organization_token']}"}
    url = f"{demo['base_url']}/api/{demo['service_id']}/client/{path}"
    response = requests.request(method, url, headers=headers, timeout=10, **request)
    true(response.ok, f"{response.status_code} {response.text}")


@check("discovery has the server's issuer and Registrar's registration endpoint")
def _():
    equal(found["issuer"], issuer, "the issuer")
    equal(found["registration_endpoint"], f"{service}/register", "the registration endpoint")


for kind, metadata in {"public native": NATIVE, "confidential": CONFIDENTIAL}.items():

    @check(f"{kind}: registers, logs in, and refreshes")
    def _():
        client = register(metadata)
        relying_party = log_in(client)
        expected = {"sub": "demo", "client_id": client["client_id"]}
        equal(relying_party.get(f"{issuer}/me").json(), expected, "whose token it is")
        before = dict(relying_party.token)
        refresh(relying_party)
        equal(relying_party.get(f"{issuer}/me").json(), expected, "whose token it is")
        true(relying_party.token["refresh_token"] != before["refresh_token"], "the refresh token is the same")
        relying_party.token = before
        try:
            refresh(relying_party)
            raise AssertionError("a refresh token was good twice")
        except OAuthError as error:
            equal(error.error, "invalid_grant", "the error")

    @check(f"{kind}: another redirect URI is refused, and nobody is sent there")
    def _():
        client = register(metadata)
        for other in [f"{metadata['redirect_uris'][0]}/other", "https://other.example/callback"]:
            refused(consent(request_of(client, redirect_uri=other)), 400, "invalid_request")


@check("a loopback redirect may have any port, that of another host may not")
def _():
    client = register(NATIVE)
    for port in (1024, 61234):
        log_in(client, f"http://127.0.0.1:{port}/callback")
    other = request_of(register(CONFIDENTIAL), redirect_uri="https://client.example:444/callback")
    refused(consent(other), 400, "invalid_request")


@check("PKCE is asked of every client, with S256")
def _():
    no_challenge, no_method = {"code_challenge": None}, {"code_challenge_method": None}
    expected = {"error": ["invalid_request"], "state": ["s"], "iss": [issuer], "code": None}
    for client in (register(NATIVE), register(CONFIDENTIAL)):
        for wrong in ({"code_challenge_method": "plain"}, no_method, no_challenge, no_challenge | no_method):
            answer = parse_qs(urlsplit(consent(request_of(client, **wrong)).headers["Location"]).query)
            equal({name: answer.get(name) for name in expected}, expected, f"what {wrong} gives")


@check("a code is good once, with its verifier, for its client")
def _():
    client, other = register(NATIVE), register(NATIVE)
    # RFC 7636 appendix B
    right = {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "redirect_uri": NATIVE["redirect_uris"][0]}
    exchange = {"grant_type": "authorization_code", "client_id": client["client_id"], **right}
    elsewhere = {"redirect_uri": "http://127.0.0.1:1/callback"}
    for wrong in ({"code_verifier": "a" * 43}, {"client_id": other["client_id"]}, elsewhere):
        [code] = parse_qs(urlsplit(consent(request_of(client)).headers["Location"]).query)["code"]
        refused(token_request(client, **exchange | {"code": code} | wrong), 400, "invalid_grant")
    [code] = parse_qs(urlsplit(consent(request_of(client)).headers["Location"]).query)["code"]
    equal(token_request(client, **exchange, code=code).status_code, 200, "the status")
    refused(token_request(client, **exchange, code=code), 400, "invalid_grant")


@check("what the user denies is access_denied, and only the page that was shown decides")
def _():
    url = request_of(register(NATIVE))
    answer = parse_qs(urlsplit(consent(url, "deny").headers["Location"]).query)
    equal((answer["error"], answer["iss"], answer["state"]), (["access_denied"], [issuer], ["s"]), "the answer")
    forged = requests.post(url, data={"decision": "allow", "page": ""}, allow_redirects=False, timeout=10)
    equal((forged.status_code, forged.headers.get("Location")), (400, None), "a forged decision")
    page = requests.get(url, timeout=10).text
    true("<h1>&lt;b&gt;A program&lt;/b&gt;</h1>" in page, "the name is not shown as text")


@check("confidential: a wrong secret, or none, is invalid_client")
def _():
    client = register(CONFIDENTIAL)
    refused(token_request(client), 401, "invalid_client")
    data = {"grant_type": "refresh_token", "refresh_token": "none"}
    wrong = (client["client_id"], "wrong")
    refused(requests.post(found["token_endpoint"], data, auth=wrong, timeout=10), 401, "invalid_client")


@check("a client may have what its scope says")
def _():
    client = register(NATIVE | {"scope": "payments"})
    answer = parse_qs(urlsplit(consent(request_of(client, scope="profile")).headers["Location"]).query)
    equal(answer.get("error"), ["invalid_scope"], "the error")


@check("a client that is named by a URL logs in under that name")
def _():
    url = f"https://client.example/{uuid.uuid4()}.json"
    operate(
        "POST",
        "create",
        json={
            "clientIdAlias": url,
            "clientIdAliasEnabled": True,
            "clientType": "PUBLIC",
            "tokenAuthMethod": "NONE",
            "redirectUris": NATIVE["redirect_uris"],
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
            "responseTypes": ["CODE"],
        },
    )
    relying_party = log_in(NATIVE | {"client_id": url})
    equal(relying_party.get(f"{issuer}/me").json()["client_id"], url, "whose token it is")
    refresh(relying_party)


@check("a client that nobody has registered is refused")
def _():
    unknown = {"client_id": "unknown", "redirect_uris": NATIVE["redirect_uris"]}
    refused(consent(request_of(unknown)), 400, "invalid_client")
    refused(token_request(unknown), 400, "invalid_client")


for name, fault in FAULTS.items():

    @check(f"{name} of the look-up is temporarily_unavailable, and no unknown client")
    def _():
        client = register(NATIVE)
        relying_party = log_in(client)
        refresh_token = relying_party.token["refresh_token"]
        Gate.fault = fault
        try:
            for response in (consent(request_of(client)), token_request(client, refresh_token=refresh_token)):
                refused(response, 503, "temporarily_unavailable")
                equal(response.headers.get("Retry-After"), "7" if fault else "5", "Retry-After")
        finally:
            Gate.fault = None
        refresh(relying_party)


@check("an unchanged client is answered with 304")
def _():
    client = register(CONFIDENTIAL)
    log_in(client)
    Gate.look_ups.clear()
    log_in(client)
    equal(set(Gate.look_ups), {304}, "what look-ups were answered")


@check("a locked client is refused, until it is unlocked")
def _():
    client = register(NATIVE)
    relying_party = log_in(client)
    lock = f"lock_flag/update/{client['client_id']}"
    operate("POST", lock, json={"clientLocked": True})
    refused(consent(request_of(client)), 400, "access_denied")
    refused(token_request(client, refresh_token=relying_party.token["refresh_token"]), 400, "access_denied")
    operate("POST", lock, json={"clientLocked": False})
    refresh(relying_party)


@check("a client that is gone is refused")
def _():
    client = register(NATIVE)
    log_in(client)
    operate("DELETE", f"delete/{client['client_id']}")
    refused(consent(request_of(client)), 400, "invalid_client")


@check("the server has written no token")
def _():
    true(server.poll() is None, "the server has ended")
    true(not any(demo["service_token"] in line for line in said), "it has")


finish()
