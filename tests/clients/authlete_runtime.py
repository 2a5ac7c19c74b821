"""PyPI `authlete` through the runtime of the Authlete API: authorization, pushed requests, tokens, introspection,
revocation, userinfo, and what an operator does to tokens and grants, with every action that a request can bring about.
On a service that this script creates with the organization's token and deletes at the end.

The package sends all members of a request, unset ones as null, 0 or false, and must read every answer; none may have
a null. Its class for the list of authorized clients cannot be made from any answer (AttributeError): of that operation
only the answer itself is checked. Takes the path of the server's demo.json, prints one line per check and exits with 1
if one failed.
"""

import json
import time
import uuid
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlete.api.authlete_api_exception import AuthleteApiException
from authlete.api.authlete_api_impl import AuthleteApiImpl
from authlete.conf.authlete_configuration import AuthleteConfiguration
from authlete.dto import (
    AuthorizationFailReason,
    AuthorizationFailRequest,
    AuthorizationIssueRequest,
    AuthorizationRequest,
    AuthorizationTicketInfoRequest,
    AuthorizationTicketUpdateRequest,
    Client,
    ClientAuthorizationGetListRequest,
    ClientAuthorizationUpdateRequest,
    IntrospectionRequest,
    PushedAuthReqRequest,
    RevocationRequest,
    Scope,
    Service,
    StandardIntrospectionRequest,
    TokenCreateRequest,
    TokenFailReason,
    TokenFailRequest,
    TokenIssueRequest,
    TokenRequest,
    TokenRevokeRequest,
    TokenUpdateRequest,
    UserInfoIssueRequest,
    UserInfoRequest,
)
from checks import check, demo, equal, finish, true
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import decode as decode_jwt
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CALLBACK = "https://client.example/callback"
ALICE = "alice"
DAY = 86400

# Every answer, as it was sent.
answers = []
_send = requests.Session.send


def send(session, request, **more):
    """Sends a request and keeps the answer; waits when little is left of the token's rate."""
    response = _send(session, request, **more)
    answers.append(response)
    if int(response.headers.get("x-ratelimit-remaining", 1000)) < 20:
        time.sleep(max(0, int(response.headers["x-ratelimit-reset"]) - time.time()) + 0.1)
    return response


requests.Session.send = send


def api(service_id):
    return AuthleteApiImpl(
        AuthleteConfiguration(
            {
                "apiVersion": "V3",
                "baseUrl": demo["base_url"],
                "serviceApiKey": str(service_id),
                "serviceAccessToken": demo["organization_token"],
            }
        )
    )


service_id = api(0).createService(Service({"serviceName": "Python runtime"})).apiKey
authlete = api(service_id)
issuer = authlete.getService(service_id).issuer


@contextmanager
def service_with(**changes):
    """The service with changes, for a while."""
    before = authlete.getService(service_id)
    authlete.updateService(Service(json.loads(before.to_json()) | changes))
    yield
    authlete.updateService(before)


def private_keys():
    rsa_key = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    ec_key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    algorithms = {"RS256": rsa_key, "ES256": ec_key}
    keys = [
        {name: key[name] for name in key if name != "key_ops"} | {"kid": alg, "alg": alg, "use": "sig"}
        for alg, key in algorithms.items()
    ]
    return json.dumps({"keys": keys})


# What is checked of every answer


def content(answer, action, code):
    """The action, the code and a message that begins with it; what is sent to the client."""
    equal([answer.action.name, answer.resultCode], [action, code], f"the result of {answer.resultMessage!r}")
    true(answer.resultMessage.startswith(f"[{code}] "), answer.resultMessage)
    return answer.responseContent if hasattr(answer, "responseContent") else None


def error_body(answer, action, error, code):
    """An error that is sent as JSON."""
    sent = json.loads(content(answer, action, code))
    equal(sorted(sent), ["error", "error_description", "error_uri"], "the members")
    equal(sent["error"], error, "the error")
    true(sent["error_description"].startswith(f"[{code}] "), sent["error_description"])


def challenge(answer, action, error, code):
    """An error that is sent in `WWW-Authenticate`."""
    sent = content(answer, action, code)
    true(sent.startswith(f'Bearer error="{error}",error_description="[{code}] '), sent)
    return sent


def sent_to(answer):
    """The parameters of a redirect to the callback, in its query or its fragment."""
    equal(answer.action.name, "LOCATION", f"the action of {answer.resultMessage!r}")
    url = urlsplit(answer.responseContent)
    equal(f"{url.scheme}://{url.netloc}{url.path}", CALLBACK, "where it is sent")
    return dict(parse_qsl(url.query or url.fragment))


def error_at(answer, error, code):
    """An error that is sent to the callback, with state and issuer."""
    content(answer, "LOCATION", code)
    sent = sent_to(answer)
    equal([sent["error"], sent["state"], sent["iss"]], [error, REQUEST["state"], issuer], "error, state and issuer")


def same(actual, expected, what):
    """Two lists are the same, in any order."""
    equal(sorted(actual), sorted(expected), what)


def lasts(milliseconds, seconds, what):
    left = milliseconds / 1000 - time.time()
    true(abs(left - seconds) < 30, f"{what} is in {left} s, not in {seconds} s")


def fails(call, status, code):
    """The package raises that HTTP error, with that result code."""
    try:
        call()
    except AuthleteApiException as error:
        equal(error.response.status_code, status, f"the status of {error.message!r}")
        equal(error.response.json()["resultCode"], code, f"the code of {error.message!r}")
        return error.message
    raise AssertionError("no error")


# The requests


def query(parameters):
    return parameters if isinstance(parameters, str) else urlencode(parameters)


def authorize(parameters, **more):
    return authlete.authorization(AuthorizationRequest({"parameters": query(parameters)} | more))


def issue(ticket, **more):
    return authlete.authorizationIssue(AuthorizationIssueRequest({"ticket": ticket, "subject": ALICE} | more))


def fail(ticket, reason, **more):
    return authlete.authorizationFail(AuthorizationFailRequest({"ticket": ticket, "reason": reason} | more))


def push(parameters, **more):
    return authlete.pushAuthorizationRequest(PushedAuthReqRequest({"parameters": query(parameters)} | more))


def token(parameters, **more):
    return authlete.token(TokenRequest({"parameters": query(parameters)} | more))


def introspect(value, **more):
    return authlete.introspection(IntrospectionRequest({"token": value} | more))


def introspect_as_standard(parameters, **more):
    return authlete.standardIntrospection(StandardIntrospectionRequest({"parameters": query(parameters)} | more))


def revoke(parameters, **more):
    return authlete.revocation(RevocationRequest({"parameters": query(parameters)} | more))


def userinfo(value):
    return authlete.userinfo(UserInfoRequest({"token": value}))


def issue_userinfo(value, **more):
    return authlete.userinfoIssue(UserInfoIssueRequest({"token": value} | more))


def create(**more):
    return authlete.tokenCreate(TokenCreateRequest(more))


def update(value, **more):
    return authlete.tokenUpdate(TokenUpdateRequest({"accessToken": value} | more))


def someone():
    """A subject of its own, with a space and a slash."""
    return f"su b/1 {uuid.uuid4()}"


@check("quick start: a fresh service takes an authorization request that is not encoded")
def _():
    client = authlete.createClient(Client({"clientName": "My Test Client", "redirectUris": [CALLBACK]}))
    parameters = f"response_type=code&client_id={client.clientId}&redirect_uri={CALLBACK}&scope=openid profile&state=x"
    answer = authorize(parameters)
    content(answer, "INTERACTION", "A004001")
    said = f"(API Key = {service_id}) for the authorization request from the client (ID = {client.clientId})"
    true(said in answer.resultMessage, answer.resultMessage)
    same([scope.name for scope in answer.scopes], ["openid", "profile"], "the scopes")


# From here on the service offers everything.

_service = authlete.getService(service_id)
_service.jwks = private_keys()
_service.supportedGrantTypes = ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "CLIENT_CREDENTIALS", "PASSWORD"]
_service.supportedResponseTypes = ["CODE", "NONE"]
_service.supportedScopes = [Scope({"name": name}) for name in "openid profile email offline_access read write".split()]
_service.supportedAcrs = ["urn:acr:1", "urn:acr:2"]
authlete.updateService(Service(json.loads(_service.to_json())))

WEB = {
    "clientName": "Web",
    "clientIdAlias": "web",
    "clientIdAliasEnabled": True,
    "redirectUris": [CALLBACK],
    "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "CLIENT_CREDENTIALS", "PASSWORD"],
    "responseTypes": ["CODE", "NONE"],
    "tokenAuthMethod": "CLIENT_SECRET_BASIC",
    "attributes": [{"key": "a", "value": "b"}],
}
web = authlete.createClient(Client(WEB))
native = authlete.createClient(
    Client(
        {
            "clientName": "Native",
            "clientType": "PUBLIC",
            "tokenAuthMethod": "NONE",
            "redirectUris": [CALLBACK],
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        }
    )
)
OF_WEB = {"clientId": str(web.clientId), "clientSecret": web.clientSecret}
REQUEST = {
    "response_type": "code",
    "client_id": str(web.clientId),
    "redirect_uri": CALLBACK,
    "scope": "openid profile read",
    "state": 'a state, "quoted" & <b>',
}


@contextmanager
def web_with(**changes):
    """The web client with changes, for a while."""
    before = authlete.getClient(web.clientId)
    authlete.updateClient(Client(json.loads(before.to_json()) | changes))
    yield
    authlete.updateClient(before)


def ticket_for(**changes):
    answer = authorize(REQUEST | changes)
    true(answer.ticket is not None, answer.resultMessage)
    return answer.ticket


def code_for(issued=None, **changes):
    answer = issue(ticket_for(**changes), **issued or {})
    equal(answer.action.name, "LOCATION", f"the action of {answer.resultMessage!r}")
    return answer.authorizationCode


def exchange(value, asked=None, **more):
    parameters = {"grant_type": "authorization_code", "code": value, "redirect_uri": CALLBACK} | more
    return token(parameters, **OF_WEB | (asked or {}))


def tokens_for(issued=None, asked=None, **changes):
    answer = exchange(code_for(issued, **changes), asked)
    content(answer, "OK", "A050001")
    return answer


def refresh(value, **more):
    return token({"grant_type": "refresh_token", "refresh_token": value} | more, **OF_WEB)


def is_dead(value):
    challenge(introspect(value), "UNAUTHORIZED", "invalid_token", "A056380")


def lives(value):
    answer = introspect(value)
    content(answer, "OK", "A056001")
    return answer


# Authorization


@check("authorization: INTERACTION has the request and the client")
def _():
    claims = json.dumps({"id_token": {"sub": {"value": ALICE}, "acr": {"essential": True, "values": ["urn:acr:1"]}}})
    more = {"max_age": "60", "login_hint": "a@b", "claims": claims, "prompt": "login consent"}
    answer = authorize(REQUEST | more)
    content(answer, "INTERACTION", "A004001")
    client = answer.client
    equal([client.clientId, client.clientIdAlias, client.clientSecret], [web.clientId, "web", None], "the client")
    equal([answer.service.apiKey, answer.service.issuer], [service_id, issuer], "the service")
    same([scope.name for scope in answer.scopes], ["openid", "profile", "read"], "the scopes")
    same([prompt.name for prompt in answer.prompts], ["LOGIN", "CONSENT"], "the prompts")
    facts = [answer.display.name, answer.maxAge, answer.loginHint, answer.subject, answer.acrs, answer.acrEssential]
    equal(facts, ["PAGE", 60, "a@b", ALICE, ["urn:acr:1"], True], "what is asked for")
    equal(json.loads(answer.idTokenClaims), json.loads(claims)["id_token"], "idTokenClaims")
    true("name" in answer.claims, f"claims are {answer.claims}")
    equal(answer.responseContent, None, "responseContent")


@check("authorization: NO_INTERACTION, LOGIN for max_age=0, and the alias")
def _():
    answer = authorize(REQUEST | {"prompt": "none"})
    content(answer, "NO_INTERACTION", "A004001")
    equal([prompt.name for prompt in answer.prompts], ["NONE"], "the prompts")
    true("LOGIN" in [prompt.name for prompt in authorize(REQUEST | {"max_age": "0"}).prompts], "no login is asked for")
    equal(authorize(REQUEST | {"client_id": "web"}).clientIdAliasUsed, True, "clientIdAliasUsed")


@check("authorization: BAD_REQUEST, LOCATION and FORM")
def _():
    for changes, error, code in [
        ({"client_id": ""}, "invalid_request", "A004381"),
        ({"client_id": "1"}, "invalid_client", "A004382"),
        ({"response_type": ""}, "invalid_request", "A009301"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_request", "A011304"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:none"}, "invalid_request_uri", "A008303"),
    ]:
        error_body(authorize(REQUEST | changes), "BAD_REQUEST", error, code)
    none = authlete.authorization(AuthorizationRequest())
    error_body(none, "BAD_REQUEST", "invalid_request", "A004201")
    for changes, error, code in [
        ({"response_type": "token"}, "unsupported_response_type", "A004386"),
        ({"prompt": "letter"}, "invalid_request", "A004391"),
        ({"prompt": "none", "max_age": "0"}, "login_required", "A004395"),
    ]:
        error_at(authorize(REQUEST | changes), error, code)
    form = authorize(REQUEST | {"response_mode": "form_post", "prompt": "letter"})
    true(f'action="{CALLBACK}"' in content(form, "FORM", "A004391"), form.responseContent)


@check("fail: every reason of the package, and none, which it sends as null")
def _():
    errors = {
        "UNKNOWN": "server_error",
        "SERVER_ERROR": "server_error",
        "NOT_LOGGED_IN": "login_required",
        "NOT_AUTHENTICATED": "login_required",
        "MAX_AGE_NOT_SUPPORTED": "login_required",
        "EXCEEDS_MAX_AGE": "login_required",
        "DIFFERENT_SUBJECT": "login_required",
        "ACR_NOT_SATISFIED": "unmet_authentication_requirements",
        "DENIED": "access_denied",
        "ACCOUNT_SELECTION_REQUIRED": "account_selection_required",
        "CONSENT_REQUIRED": "consent_required",
        "INTERACTION_REQUIRED": "interaction_required",
        "INVALID_TARGET": "invalid_target",
    }
    same(errors, [reason.name for reason in AuthorizationFailReason], "the reasons")
    for number, (reason, error) in enumerate(errors.items()):
        error_at(fail(ticket_for(), reason), error, f"A041{380 + number}")
    error_at(fail(ticket_for(), None), "server_error", "A041380")
    described = sent_to(fail(ticket_for(), "DENIED", description="Not today"))
    equal(described["error_description"], "[A041388] Not today", "the description")


@check("fail: FORM, BAD_REQUEST for a used ticket, and INTERNAL_SERVER_ERROR for none")
def _():
    true("access_denied" in content(fail(ticket_for(response_mode="form_post"), "DENIED"), "FORM", "A041388"), "error")
    ticket = ticket_for()
    fail(ticket, "DENIED")
    error_body(fail(ticket, "DENIED"), "BAD_REQUEST", "invalid_request", "A041202")
    error_body(fail(None, "DENIED"), "INTERNAL_SERVER_ERROR", "server_error", "A041280")


@check("issue: LOCATION, FORM, BAD_REQUEST and INTERNAL_SERVER_ERROR")
def _():
    ticket = ticket_for()
    answer = issue(ticket)
    content(answer, "LOCATION", "A040001")
    expected = {"code": answer.authorizationCode, "state": REQUEST["state"], "iss": issuer}
    equal(sent_to(answer), expected, "what is sent")
    equal([answer.accessToken, answer.accessTokenExpiresAt, answer.idToken], [None, 0, None], "what is not issued")
    error_body(issue(ticket), "BAD_REQUEST", "invalid_request", "A041202")
    content(issue(ticket_for(response_mode="form_post")), "FORM", "A040001")
    ticket = ticket_for()
    for faulty, code in [
        ({"ticket": None}, "A040280"),
        ({"subject": None}, "A040281"),
        ({"subject": "a" * 101}, "A040281"),
        ({"claims": "[]"}, "A040282"),
    ]:
        answer = authlete.authorizationIssue(
            AuthorizationIssueRequest({"ticket": ticket, "subject": ALICE} | faulty)
        )
        error_body(answer, "INTERNAL_SERVER_ERROR", "server_error", code)
    sent_to(issue(ticket))


@check("issue: response_type=none without a subject")
def _():
    sent = sent_to(issue(ticket_for(response_type="none"), subject=None))
    equal(sent, {"state": REQUEST["state"], "iss": issuer}, "what is sent")


@check("issue: what is set goes to the ID token and the access token")
def _():
    issued = {
        "sub": "a sub",
        "authTime": 1_700_000_000,
        "acr": "urn:acr:1",
        "claims": json.dumps({"name": "Alice", "nickname": None, "sub": "no"}),
        "scopes": ["openid", "write"],
        "idtHeaderParams": json.dumps({"x-a": "b"}),
        "idTokenAudType": "string",
        "properties": [{"key": "open", "value": "o", "hidden": False}, {"key": "h", "value": "s", "hidden": True}],
    }
    answer = tokens_for(issued, nonce="n")
    claims = decode_jwt(answer.idToken, options={"verify_signature": False})
    expected = {
        "iss": issuer,
        "sub": "a sub",
        "aud": str(web.clientId),
        "nonce": "n",
        "auth_time": 1_700_000_000,
        "acr": "urn:acr:1",
        "name": "Alice",
    }
    equal({name: claims.get(name) for name in expected}, expected, "the ID token")
    true("nickname" not in claims, "a null is a claim")
    sent = json.loads(answer.responseContent)
    facts = [sent["open"], "h" in sent, sent["token_type"], sent["expires_in"]]
    equal(facts, ["o", False, "Bearer", DAY], "the answer")
    same(sent["scope"].split(), ["openid", "write"], "the scope")
    introspected = lives(answer.accessToken)
    equal([introspected.acr, introspected.authTime], ["urn:acr:1", 1_700_000_000], "acr and authTime")
    shown = [(one.key, one.value, one.hidden) for one in introspected.properties]
    equal(shown, [("open", "o", False), ("h", "s", True)], "the properties")


# Tickets


def info(ticket):
    return authlete.authorizationTicketInfo(AuthorizationTicketInfoRequest({"ticket": ticket}))


def update_ticket(ticket, context):
    request = {"ticket": ticket, "info": {"context": context}}
    return authlete.authorizationTicketUpdate(AuthorizationTicketUpdateRequest(request))


@check("ticket: info and update, OK, NOT_FOUND and CALLER_ERROR; its context comes back at issue")
def _():
    ticket = authorize(REQUEST, context="first").ticket
    answer = info(ticket)
    content(answer, "OK", "A041080")
    equal(answer.info.context, "first", "the context")
    content(update_ticket(ticket, "second"), "OK", "A041081")
    equal(info(ticket).info.context, "second", "the context")
    content(info("unknown"), "NOT_FOUND", "A041202")
    content(update_ticket("unknown", "x"), "NOT_FOUND", "A041202")
    content(info(None), "CALLER_ERROR", "A041281")
    content(update_ticket(None, "x"), "CALLER_ERROR", "A041281")
    sent_to(issue(ticket))
    equal(answers[-1].json()["ticketInfo"], {"context": "second"}, "ticketInfo")
    content(info(ticket), "NOT_FOUND", "A041202")


# Pushed requests


@check("pushed: CREATED, and the request is used")
def _():
    answer = push(REQUEST, **OF_WEB)
    sent = json.loads(content(answer, "CREATED", "A245001"))
    equal(sent, {"expires_in": 600, "request_uri": answer.requestUri}, "what is sent")
    equal(answer.clientAuthMethod.name, "CLIENT_SECRET_BASIC", "clientAuthMethod")
    pushed = {"client_id": str(web.clientId), "request_uri": answer.requestUri}
    sent_to(issue(authorize(pushed).ticket))
    error_body(authorize(pushed), "BAD_REQUEST", "invalid_request_uri", "A008303")
    public = push(REQUEST | {"client_id": str(native.clientId)})
    content(public, "CREATED", "A245001")
    equal(public.clientAuthMethod.name, "NONE", "clientAuthMethod")


@check("pushed: BAD_REQUEST, UNAUTHORIZED and PAYLOAD_TOO_LARGE")
def _():
    error_body(push(REQUEST | {"prompt": "letter"}, **OF_WEB), "BAD_REQUEST", "invalid_request", "A004391")
    error_body(push(""), "BAD_REQUEST", "invalid_request", "A244305")
    wrong = push(REQUEST, **OF_WEB | {"clientSecret": "wrong"})
    error_body(wrong, "UNAUTHORIZED", "invalid_client", "A157380")
    large = push(REQUEST | {"login_hint": "a" * 33 * 1024}, **OF_WEB)
    error_body(large, "PAYLOAD_TOO_LARGE", "invalid_request", "A245381")


# Tokens

CREDENTIALS = {"grant_type": "client_credentials", "scope": "read"}
PASSWORD = {"grant_type": "password", "username": "alice", "password": "p", "scope": "openid read"}


@check("token: OK for a code, a refresh token and client credentials")
def _():
    answer = tokens_for(asked={"properties": [{"key": "late", "value": "l"}]})
    equal([answer.grantType.name, answer.clientAuthMethod.name], ["AUTHORIZATION_CODE", "CLIENT_SECRET_BASIC"], "how")
    equal([answer.clientId, answer.clientIdAlias, answer.subject], [web.clientId, "web", ALICE], "to whom")
    same(answer.scopes, ["openid", "profile", "read"], "the scopes")
    equal([answer.accessTokenDuration, answer.refreshTokenDuration], [DAY, 10 * DAY], "the durations")
    lasts(answer.accessTokenExpiresAt, DAY, "the end of the access token")
    equal([(one.key, one.value, one.hidden) for one in answer.properties], [("late", "l", False)], "the properties")
    equal([(one.key, one.value) for one in answer.clientAttributes], [("a", "b")], "clientAttributes")
    refreshed = refresh(answer.refreshToken)
    content(refreshed, "OK", "A053080")
    equal([refreshed.grantType.name, refreshed.idToken], ["REFRESH_TOKEN", None], "grant and ID token")
    is_dead(answer.accessToken)
    error_body(refresh(answer.refreshToken), "BAD_REQUEST", "invalid_grant", "A053305")
    credentials = token(CREDENTIALS, **OF_WEB)
    content(credentials, "OK", "A052001")
    equal([credentials.subject, credentials.refreshToken, credentials.scopes], [None, None, ["read"]], "what it has")


@check("token: BAD_REQUEST, and a refused exchange does not burn the code")
def _():
    code = code_for()
    for changes, error, invalid in [
        ({"grant_type": ""}, "invalid_request", "A050380"),
        ({"grant_type": "letter"}, "unsupported_grant_type", "A050381"),
        ({"code": ""}, "invalid_request", "A050383"),
        ({"code": "unknown"}, "invalid_grant", "A050305"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant", "A050309"),
        ({"code_verifier": "a" * 43}, "invalid_grant", "A050317"),
    ]:
        error_body(exchange(code, **changes), "BAD_REQUEST", error, invalid)
    error_body(token(CREDENTIALS), "BAD_REQUEST", "invalid_request", "A244305")
    error_body(authlete.token(TokenRequest()), "BAD_REQUEST", "invalid_request", "A050280")
    content(exchange(code), "OK", "A050001")
    error_body(exchange(code), "BAD_REQUEST", "invalid_grant", "A050305")


@check("token: INVALID_CLIENT, and INTERNAL_SERVER_ERROR without a key for the ID token")
def _():
    wrong = token(CREDENTIALS, **OF_WEB | {"clientSecret": "wrong"})
    error_body(wrong, "INVALID_CLIENT", "invalid_client", "A157380")
    in_body = CREDENTIALS | {"client_id": str(web.clientId), "client_secret": web.clientSecret}
    error_body(token(in_body), "INVALID_CLIENT", "invalid_client", "A157357")
    code = code_for()
    with web_with(idTokenSignAlg="PS512"):
        answer = exchange(code)
        equal(answer.action.name, "INTERNAL_SERVER_ERROR", f"the action of {answer.resultMessage!r}")
    content(exchange(code), "OK", "A050001")


@check("token: ID_TOKEN_REISSUABLE on a refresh, if the service says so")
def _():
    refresh_token = tokens_for().refreshToken
    with service_with(idTokenReissuable=True):
        answer = refresh(refresh_token)
        equal(answer.action.name, "ID_TOKEN_REISSUABLE", f"the action of {answer.resultMessage!r}")
        sent = json.loads(answer.responseContent)
        equal(sent["access_token"], answer.accessToken, "access_token")
        true("id_token" not in sent, "there is an ID token")


def password_ticket():
    answer = token(PASSWORD, **OF_WEB)
    content(answer, "PASSWORD", "A054080")
    facts = [answer.username, answer.password, answer.clientId, answer.responseContent]
    equal(facts, ["alice", "p", web.clientId, None], "what is asked")
    return answer.ticket


def issue_token(ticket, **more):
    return authlete.tokenIssue(TokenIssueRequest({"ticket": ticket, "subject": ALICE} | more))


def fail_token(ticket, reason):
    return authlete.tokenFail(TokenFailRequest({"ticket": ticket, "reason": reason}))


REASONS = {
    "INVALID_RESOURCE_OWNER_CREDENTIALS": ("invalid_grant", "A067301"),
    "INVALID_TARGET": ("invalid_target", "A067380"),
}


@check("password: PASSWORD, then OK, BAD_REQUEST or INTERNAL_SERVER_ERROR")
def _():
    ticket = password_ticket()
    answer = issue_token(ticket, properties=[{"key": "a", "value": "b"}], accessTokenDuration=60)
    sent = json.loads(content(answer, "OK", "A054001"))
    equal([sent["expires_in"], sent["a"], "id_token" in sent], [60, "b", False], "the answer")
    equal([answer.subject, answer.clientId], [ALICE, web.clientId], "subject and client")
    lives(answer.accessToken)
    error_body(issue_token(ticket), "INTERNAL_SERVER_ERROR", "server_error", "A067280")
    error_body(fail_token(ticket, "UNKNOWN"), "INTERNAL_SERVER_ERROR", "server_error", "A067280")
    same([reason.name for reason in TokenFailReason], ["UNKNOWN", *REASONS], "the reasons")
    for reason, (error, code) in REASONS.items():
        error_body(fail_token(password_ticket(), reason), "BAD_REQUEST", error, code)
    for reason in ["UNKNOWN", None]:
        answer = fail_token(password_ticket(), reason)
        sent = [answer.resultCode, json.loads(answer.responseContent)["error"]]
        equal(sent, ["A067380", "server_error"], "code and error")


# Introspection


@check("introspection: OK, BAD_REQUEST, UNAUTHORIZED and FORBIDDEN")
def _():
    tokens = tokens_for({"acr": "urn:acr:1", "authTime": int(time.time())})
    answer = lives(tokens.accessToken)
    equal(answer.responseContent, 'Bearer error="invalid_request"', "responseContent")
    facts = [answer.clientId, answer.subject, answer.existent, answer.usable, answer.sufficient, answer.refreshable]
    equal(facts, [web.clientId, ALICE, True, True, True, True], "what is said of it")
    equal(answer.grantType.name, "AUTHORIZATION_CODE", "grantType")
    lasts(answer.expiresAt, DAY, "its end")
    fitting = {"scopes": ["read"], "subject": ALICE, "acrValues": ["urn:acr:1"], "maxAge": 60}
    content(introspect(tokens.accessToken, **fitting), "OK", "A056001")
    challenge(introspect(None), "BAD_REQUEST", "invalid_request", "A056280")
    unknown = introspect("unknown")
    challenge(unknown, "UNAUTHORIZED", "invalid_token", "A056380")
    equal([unknown.existent, unknown.usable], [False, False], "existent and usable")
    scope = introspect(tokens.accessToken, scopes=["write"])
    challenge(scope, "FORBIDDEN", "insufficient_scope", "A064302")
    equal([scope.usable, scope.sufficient], [True, False], "usable and sufficient")
    challenge(introspect(tokens.accessToken, subject="bob"), "FORBIDDEN", "invalid_request", "A064380")
    step_up = ["UNAUTHORIZED", "insufficient_user_authentication", "A065380"]
    challenge(introspect(tokens.accessToken, acrValues=["urn:acr:2"]), *step_up)


@check("introspection: an expired token that can be refreshed")
def _():
    tokens = tokens_for(asked={"accessTokenDuration": 1})
    time.sleep(2.1)
    answer = introspect(tokens.accessToken)
    challenge(answer, "UNAUTHORIZED", "invalid_token", "A065301")
    equal([answer.existent, answer.usable, answer.refreshable], [True, False, True], "what is said of it")


@check("standard introspection: OK and BAD_REQUEST")
def _():
    tokens = tokens_for({"properties": [{"key": "h", "value": "s", "hidden": True}]})
    sent = json.loads(content(introspect_as_standard({"token": tokens.accessToken}), "OK", "A145001"))
    facts = [sent["active"], sent["client_id"], sent["token_type"], sent["sub"], sent["iss"], "h" in sent]
    equal(facts, [True, str(web.clientId), "Bearer", ALICE, issuer, False], "what is said of it")
    hidden = introspect_as_standard({"token": tokens.refreshToken}, withHiddenProperties=True)
    sent = json.loads(content(hidden, "OK", "A145001"))
    equal([sent["active"], "token_type" in sent, sent["h"]], [True, False, "s"], "what is said of the refresh token")
    unknown = introspect_as_standard({"token": "unknown"})
    equal(content(unknown, "OK", "A145001"), '{"active":false}', "an unknown token")
    error_body(introspect_as_standard(""), "BAD_REQUEST", "invalid_request", "A145280")


# Revocation and userinfo


@check("revocation: OK, INVALID_CLIENT and BAD_REQUEST")
def _():
    tokens = tokens_for()
    error_body(revoke({"token": tokens.accessToken}), "INVALID_CLIENT", "invalid_client", "A116302")
    of_native = {"token": tokens.accessToken, "client_id": str(native.clientId)}
    error_body(revoke(of_native), "BAD_REQUEST", "invalid_request", "A113381")
    error_body(revoke({"callback": "x"}, **OF_WEB), "BAD_REQUEST", "invalid_request", "A113380")
    lives(tokens.accessToken)
    equal(content(revoke({"token": tokens.refreshToken}, **OF_WEB), "OK", "A113001"), None, "responseContent")
    is_dead(tokens.accessToken)
    content(revoke({"token": "unknown"}, **OF_WEB), "OK", "A113080")


@check("userinfo: OK, then JSON or JWT; BAD_REQUEST, UNAUTHORIZED and FORBIDDEN")
def _():
    tokens = tokens_for({"sub": "a sub", "consentedClaims": ["name"]})
    answer = userinfo(tokens.accessToken)
    content(answer, "OK", "A091001")
    equal([answer.clientId, answer.subject, answer.consentedClaims], [web.clientId, ALICE, ["name"]], "what is said")
    true("name" in answer.claims, f"claims are {answer.claims}")
    issued = issue_userinfo(tokens.accessToken, claims='{"name":"Alice","nickname":null}')
    equal(json.loads(content(issued, "JSON", "A096001")), {"sub": "a sub", "name": "Alice"}, "the claims")
    with web_with(userInfoSignAlg="ES256"):
        signed = content(issue_userinfo(tokens.accessToken), "JWT", "A096001")
        equal(decode_jwt(signed, options={"verify_signature": False})["sub"], "a sub", "sub")
    without = tokens_for(scope="read").accessToken
    for ask in [userinfo, issue_userinfo]:
        challenge(ask(None), "BAD_REQUEST", "invalid_request", "A088280")
        challenge(ask("unknown"), "UNAUTHORIZED", "invalid_token", "A088302")
        challenge(ask(without), "FORBIDDEN", "insufficient_scope", "A089304")
    faulty = issue_userinfo(tokens.accessToken, claims="[]")
    challenge(faulty, "INTERNAL_SERVER_ERROR", "server_error", "A096280")


# What an operator does to tokens


@check("create: OK and BAD_REQUEST")
def _():
    chosen = {"accessToken": f"a-{uuid.uuid4()}", "refreshToken": f"r-{uuid.uuid4()}"}
    right = {"grantType": "AUTHORIZATION_CODE", "clientId": web.clientId, "subject": ALICE, "scopes": ["read"]}
    answer = create(**right | chosen)
    content(answer, "OK", "A109001")
    facts = [answer.grantType.name, answer.clientId, answer.subject, answer.scopes, answer.tokenType, answer.expiresIn]
    equal(facts, ["AUTHORIZATION_CODE", web.clientId, ALICE, ["read"], "Bearer", DAY], "what is said of it")
    equal([answer.accessToken, answer.refreshToken], list(chosen.values()), "the values")
    lives(chosen["accessToken"])
    content(create(**right | {"accessToken": chosen["accessToken"]}), "BAD_REQUEST", "A109282")
    content(create(**right | {"clientId": 1}), "BAD_REQUEST", "A109281")
    content(create(**right | {"scopes": ["unknown"]}), "BAD_REQUEST", "A109280")
    content(create(**right | {"grantType": None}), "BAD_REQUEST", "A109280")


@check("update: OK, NOT_FOUND and BAD_REQUEST; what is unset does not change")
def _():
    persistent = {"grantType": "CLIENT_CREDENTIALS", "clientId": web.clientId, "accessTokenPersistent": True}
    value = create(**persistent).accessToken
    content(update(value, scopes=["read"]), "OK", "A135001")
    equal("expiresAt" in (lives(value) and answers[-1].json()), False, "it has an end")
    tokens = tokens_for(asked={"accessTokenDuration": 100})
    answer = update(tokens.accessToken, properties=[{"key": "a", "value": "b"}])
    content(answer, "OK", "A135001")
    same(answer.scopes, ["openid", "profile", "read"], "the scopes")
    lasts(answer.accessTokenExpiresAt, 100, "the end of the access token")
    lasts(answer.refreshTokenExpiresAt, 10 * DAY, "the end of the refresh token")
    renewed = update(tokens.accessToken, accessTokenValueUpdated=True).accessToken
    true(renewed != tokens.accessToken, "the value is the same")
    is_dead(tokens.accessToken)
    lives(renewed)
    content(update("unknown"), "NOT_FOUND", "A135380")
    content(update(None), "BAD_REQUEST", "A135280")


def listed(count, **filters):
    """The list of tokens, once it follows the table."""
    for _ in range(50):
        answer = authlete.getTokenList(**filters)
        if answer.totalCount == count:
            break
        time.sleep(0.1)
    return answer


@check("list, delete and revoke: by value, hash, subject and client")
def _():
    subject = someone()
    tokens = [tokens_for({"subject": subject}) for _ in range(3)]
    answer = listed(3, clientIdentifier="web", subject=subject)
    facts = [answer.start, answer.end, answer.totalCount, answer.subject, answer.client.clientId]
    equal(facts, [0, 5, 3, subject, web.clientId], "what is said of the list")
    first = answer.accessTokens[0]
    facts = [first.clientId, first.subject, first.grantType.name, first.lastRefreshedAt]
    equal(facts, [web.clientId, subject, "AUTHORIZATION_CODE", 0], "what is said of a token")
    lasts(first.createdAt, 0, "when it was made")
    authlete.tokenDelete(first.accessTokenHash)
    equal([answers[-1].status_code, answers[-1].text], [204, ""], "the answer to delete")
    is_dead(tokens[2].accessToken)
    authlete.tokenDelete("unknown")
    one = authlete.tokenRevoke(TokenRevokeRequest({"accessTokenIdentifier": tokens[0].accessToken}))
    equal([one.resultCode, one.count], ["A312001", 1], "code and count")
    rest = authlete.tokenRevoke(TokenRevokeRequest({"clientIdentifier": "web", "subject": subject}))
    equal([rest.count, rest.resultMessage], [1, "[A312001] Revoked 1 access token(s)."], "count and message")
    for each in tokens:
        is_dead(each.accessToken)
    fails(lambda: authlete.tokenRevoke(TokenRevokeRequest()), 400, "A312280")


# Grants


@check("authorized clients: the answer, which the package cannot read")
def _():
    subject = someone()
    tokens_for({"subject": subject})
    try:
        authlete.getClientAuthorizationList(ClientAuthorizationGetListRequest({"subject": subject}))
    except AttributeError:
        pass
    equal(answers[-1].status_code, 200, "the status")
    body = answers[-1].json()
    facts = [body["start"], body["end"], body["totalCount"], body["subject"]]
    equal(facts, [0, 5, 1, subject], "what is said of the list")
    equal([client["clientId"] for client in body["clients"]], [web.clientId], "the clients")
    true(web.clientSecret not in answers[-1].text, "it has a secret")


@check("authorizations: update and delete")
def _():
    subject = someone()
    tokens = tokens_for({"subject": subject})
    request = ClientAuthorizationUpdateRequest({"subject": subject, "scopes": ["read"]})
    authlete.updateClientAuthorization(web.clientId, request)
    equal(answers[-1].json()["resultCode"], "A138001", "resultCode")
    equal(lives(tokens.accessToken).scopes, ["read"], "the scopes")
    authlete.deleteClientAuthorization(web.clientId, subject)
    equal(answers[-1].json()["resultCode"], "A137001", "resultCode")
    is_dead(tokens.accessToken)
    equal(authlete.getGrantedScopes(web.clientId, subject).mergedGrantedScopes, None, "what is remembered")


@check("granted scopes: before, after, merged and deleted")
def _():
    subject = someone()
    before = authlete.getGrantedScopes(web.clientId, subject)
    facts = [before.resultCode, before.clientId, before.subject, before.latestGrantedScopes, before.modifiedAt]
    equal(facts, ["A187080", web.clientId, subject, None, 0], "before")
    code_for({"subject": subject}, scope="openid read")
    tokens = tokens_for({"subject": subject}, scope="write")
    after = authlete.getGrantedScopes("web", subject)
    equal(after.latestGrantedScopes, ["write"], "the latest")
    same(after.mergedGrantedScopes, ["openid", "read", "write"], "the merged")
    lasts(after.modifiedAt, 0, "when they were granted")
    authlete.deleteGrantedScopes(web.clientId, subject)
    equal(authlete.getGrantedScopes(web.clientId, subject).latestGrantedScopes, None, "once deleted")
    lives(tokens.accessToken)


@check("a locked client is 403, and a deleted one's tokens are dead")
def _():
    client = authlete.createClient(Client(WEB | {"clientIdAlias": "gone"}))
    value = create(grantType="AUTHORIZATION_CODE", clientId=client.clientId, subject=ALICE).accessToken
    lives(value)
    authlete.updateClientLockFlag(client.clientId, True)
    of_client = {"clientId": str(client.clientId), "clientSecret": client.clientSecret}
    asked = REQUEST | {"client_id": str(client.clientId)}
    for path, call in {
        "/auth/authorization": lambda: authorize(asked),
        "/pushed_auth_req": lambda: push(asked, **of_client),
        "/auth/token": lambda: token(CREDENTIALS, **of_client),
    }.items():
        said = f"[A001215] {path}, The client (ID = {client.clientId}) is locked."
        equal(fails(call, 403, "A001215"), said, "the message")
    is_dead(value)
    authlete.updateClientLockFlag(client.clientId, False)
    lives(value)
    authlete.deleteClient(client.clientId)
    is_dead(value)


def nulls(value, path):
    """Where there is a null; what a client is sent counts as well."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from nulls(member, f"{path}/{name}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from nulls(member, f"{path}/{number}")
    elif path.endswith("/responseContent") and value.startswith("{"):
        yield from nulls(json.loads(value), path)


@check("no answer has a null")
def _():
    found = set()
    for answer in answers:
        if answer.text:
            path = urlsplit(answer.request.url).path
            found.update(nulls(answer.json(), f"{path}: "))
    true(len(answers) > 200, f"there are only {len(answers)} answers")
    equal(sorted(found), [], "nulls")


authlete.deleteService(service_id)
finish()
