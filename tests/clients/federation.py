"""Relying parties of OpenID Federation 1.0 at a provider: explicit registration, at its own endpoint and over the
Authlete API, and automatic registration. PyPI `cryptojwt` signs and verifies, and `requests` sends.

Takes the path of the server's demo.json and the folder of federation_entities.py, prints one line per check and exits
with 1 if one failed. What was fetched is kept, and so is what could not be, so that almost every check has a relying
party of its own. Only so many may register in half a minute: whoever is asked to wait waits.
"""

import json
import pathlib
import sys
import time
import urllib.parse

import requests
from checks import check, demo, equal, finish, true
from cryptojwt.jwk.jwk import key_from_jwk_dict
from cryptojwt.jws.jws import factory
from federation_entities import (
    ABOVE_CONTACT,
    ALGORITHMS,
    ANCHOR_CONTACT,
    BRIEF_LIFETIME,
    RP_CONTACT,
    RP_ORGANIZATION,
    STATEMENT,
    WELL_KNOWN,
    Federation,
    key_set,
    new_key,
)

RESPONSE = "explicit-registration-response+jwt"
CHAIN = "trust-chain+json"

demo_file = pathlib.Path(sys.argv[1])
federation = Federation(pathlib.Path(sys.argv[2]), demo_file)
provider, provider_keys = federation.provider()
anchor = federation.id("ta")


def send(method, path, body=None, **headers):
    """A request to the server, whose certificate is the only one that is trusted."""
    certificate = demo_file.with_name("server.pem")
    return requests.request(method, demo["base_url"] + path, data=body, headers=headers, verify=certificate, timeout=30)


def authlete(method, operation, body=None):
    """An operation of the Authlete API on the service."""
    headers = {"authorization": f"Bearer {demo['service_token']}", "content-type": "application/json"}
    body = None if body is None else json.dumps(body)
    return send(method, f"/api/{demo['service_id']}/{operation}", body, **headers)


def post(body, media_type=STATEMENT):
    """One registration, over the federation door."""
    while True:
        path = f"/{demo['service_id']}/federation/register"
        answer = send("POST", path, body, **{"content-type": f"application/{media_type}"})
        if answer.status_code != 429:
            return answer
        time.sleep(int(answer.headers["retry-after"]))


def request(name, **changes):
    """What a relying party sends."""
    return federation.configuration(name, **({"aud": provider} | changes))


def chain_of(name, **changes):
    """The request of a relying party, and all that is above it."""
    return [request(name, **changes), *federation.above(name)]


def peer_chain():
    """The trust chain of the provider."""
    configuration = send("GET", f"/{demo['service_id']}{WELL_KNOWN}").text
    return [configuration, federation.statement("ta", provider), federation.configuration("ta")]


def of_type(answer, status, media_type):
    equal(answer.status_code, status, f"the status of {answer.text!r}")
    equal(answer.headers.get("content-type"), f"application/{media_type}", "the content type")


def verified(token, jwks, media_type=STATEMENT):
    """The claims of a JWT whose signature and time are right."""
    jws = factory(token)
    claims = jws.verify_compact(token, [key_from_jwk_dict(key) for key in jwks["keys"]])
    equal(jws.jwt.headers.get("typ"), media_type, "typ")
    true(jws.jwt.headers.get("kid") in [key["kid"] for key in jwks["keys"]], f"the header is {jws.jwt.headers}")
    true(claims["iat"] <= time.time() + 1 and claims["exp"] > time.time(), f"it is out of time: {claims}")
    return claims


def error(text, code):
    body = json.loads(text)
    equal(body.get("error"), code, f"error in {text!r}")
    true(body.get("error_description"), f"there is no error_description in {text!r}")


def refused(answer, status, code):
    of_type(answer, status, "json")
    error(answer.text, code)


def registered(token, name, superior="below"):
    """The claims of an answer to a registration; all that every answer has is right."""
    claims = verified(token, provider_keys, RESPONSE)
    entity_id = federation.id(name)
    members = ["iss", "sub", "aud", "trust_anchor", "authority_hints", "jwks", "iat", "exp", "metadata"]
    equal(set(claims) - {"crit"}, set(members), "the claims")
    equal(claims["iss"], provider, "iss")
    equal((claims["sub"], claims["aud"]), (entity_id, entity_id), "sub and aud")
    equal(claims["trust_anchor"], anchor, "trust_anchor")
    equal(claims["authority_hints"], [federation.id(superior)], "authority_hints")
    equal(claims["jwks"], key_set(federation.keys[name]), "jwks")
    equal(list(claims["metadata"]), ["openid_relying_party"], "the entity types")
    client = claims["metadata"]["openid_relying_party"]
    equal(client.get("client_id"), entity_id, "client_id")
    true(len(client.get("client_secret", "")) >= 32, "there is no client_secret, or it is short")
    expires_at = client.get("client_secret_expires_at", 0)
    true(expires_at == 0 or expires_at >= claims["exp"], "the secret expires before the registration")
    for member in ["registration_access_token", "registration_client_uri"]:
        true(member not in client, f"there is a {member}")
    return claims


def accepted(answer, name, superior="below"):
    of_type(answer, 200, RESPONSE)
    return registered(answer.text, name, superior)


def secret(claims):
    return claims["metadata"]["openid_relying_party"]["client_secret"]


def client_path(what, name):
    return f"client/{what}/{urllib.parse.quote(federation.id(name), safe='')}"


def client_of(name):
    """A client, as the Authlete API shows it."""
    return authlete("GET", client_path("get", name))


def of_chain(client, name, length):
    """The members of a client that was registered with a trust chain of so many statements."""
    equal(client.get("entityId"), federation.id(name), "entityId")
    equal(client.get("trustAnchorId"), anchor, "trustAnchorId")
    chain = client["trustChain"]
    equal(len(chain), length, "the length of trustChain")
    keys = [json.loads((federation.folder / "ta.json").read_text())]
    statements = []
    for token in reversed(chain):
        statements.insert(0, verified(token, keys[-1]))
        keys.append(statements[0]["jwks"])
    equal(statements[0]["sub"], federation.id(name), "sub of the chain's first statement")
    expires_at = min(statement["exp"] for statement in statements)
    equal(client.get("trustChainExpiresAt"), expires_at * 1000, "trustChainExpiresAt")
    true(abs(client["trustChainUpdatedAt"] - time.time() * 1000) < 60_000, "trustChainUpdatedAt is not now")
    return expires_at


# The provider as an entity


def provider_entity(token):
    claims = verified(token, provider_keys)
    equal((claims["iss"], claims["sub"]), (provider, provider), "iss and sub")
    equal(claims["jwks"], provider_keys, "jwks")
    equal(claims["authority_hints"], [anchor, federation.id("providers")], "authority_hints")
    metadata = claims["metadata"]["openid_provider"]
    equal(metadata["issuer"], provider, "issuer")
    types = metadata["client_registration_types_supported"]
    equal(sorted(types), ["automatic", "explicit"], "client_registration_types_supported")
    return metadata


@check("an entity configuration, signed with the key that superiors know")
def _():
    answer = send("GET", f"/{demo['service_id']}{WELL_KNOWN}")
    of_type(answer, 200, STATEMENT)
    endpoint = f"{demo['base_url']}/{demo['service_id']}/federation/register"
    equal(provider_entity(answer.text)["federation_registration_endpoint"], endpoint, "the registration endpoint")


# Registrations that are refused. Those of rp-refused have one fault each: at the end it registers without any.

NOT_ALONE = {
    "the registration endpoint as aud": f"{provider}/federation/register",
    "another provider beside this one in aud": [provider, "https://op.example"],
    "no aud": None,
}

for fault, audience in NOT_ALONE.items():

    @check(f"refuses {fault}")
    def _(audience=audience):
        refused(post(request("rp-refused", aud=audience)), 400, "invalid_request")


@check("refuses another content type")
def _():
    refused(post(request("rp-refused"), "jose"), 400, "invalid_request")


@check("refuses another typ")
def _():
    refused(post(request("rp-refused", header={"typ": "JWT"})), 400, "invalid_request")


@check("refuses a signature of another key")
def _():
    another = new_key("ES256")
    another.kid = federation.keys["rp-refused"].kid
    refused(post(request("rp-refused", key=another)), 400, "invalid_request")


@check("refuses a key that the superior does not know")
def _():
    another = new_key("ES256")
    answer = post(request("rp-refused", key=another, jwks=key_set(another)))
    refused(answer, 400, "invalid_trust_chain")


@check("refuses a peer_trust_chain without trust_chain")
def _():
    refused(post(request("rp-refused", header={"peer_trust_chain": peer_chain()})), 400, "invalid_request")


@check("refuses a peer_trust_chain of somebody else")
def _():
    chain = [federation.configuration("rp-refused"), *federation.above("rp-refused")]
    header = {"trust_chain": chain, "peer_trust_chain": chain}
    refused(post(request("rp-refused", header=header)), 400, "invalid_request")


@check("registers what was refused, without the faults")
def _():
    accepted(post(request("rp-refused")), "rp-refused")


@check("refuses a relying party of another trust anchor")
def _():
    refused(post(request("rp-stranger")), 404, "invalid_trust_anchor")


@check("refuses metadata that the policy of a superior does not allow")
def _():
    refused(post(request("rp-violating")), 400, "invalid_metadata")


@check("refuses a relying party further below than a superior allows")
def _():
    refused(post(request("rp-too-deep")), 400, "invalid_trust_chain")


@check("refuses superiors in a loop, and soon")
def _():
    started = time.monotonic()
    refused(post(request("rp-looping")), 400, "invalid_trust_chain")
    true(time.monotonic() - started < 8, "it took 8 seconds")


# Explicit registration

for algorithm in ALGORITHMS:

    @check(f"registers who signs with {algorithm}, below two intermediates")
    def _(name=f"rp-{algorithm.lower()}"):
        claims = accepted(post(request(name)), name)
        client = client_of(name).json()
        equal(claims["exp"], of_chain(client, name, 5), "exp")
        equal((client["explicitlyRegistered"], client["automaticallyRegistered"]), (True, False), "how it registered")


@check("registers the metadata that superiors leave")
def _():
    claims = accepted(post(request("rp-metadata")), "rp-metadata")
    client = claims["metadata"]["openid_relying_party"]
    equal(client["client_name"], "Relying party rp-metadata", "client_name")
    equal(client["redirect_uris"], ["https://rp-metadata.example/callback"], "redirect_uris")
    equal(set(client["grant_types"]), {"authorization_code", "refresh_token"}, "grant_types")
    equal(client["scope"].split(), ["openid", "profile"], "scope")
    equal(set(client["contacts"]), {RP_CONTACT, ABOVE_CONTACT, ANCHOR_CONTACT}, "contacts")
    equal(client["token_endpoint_auth_method"], "client_secret_basic", "token_endpoint_auth_method")
    equal(client["default_max_age"], 600, "default_max_age")
    equal(client["organization_name"], RP_ORGANIZATION, "organization_name")


for with_anchor in [True, False]:

    @check(f"registers with a trust chain, with{'' if with_anchor else 'out'} the trust anchor's configuration")
    def _(with_anchor=with_anchor):
        now = int(time.time())
        chain = chain_of("rp-array", iat=now if with_anchor else now + 1)
        chain = chain if with_anchor else chain[:-1]
        claims = accepted(post(json.dumps(chain), CHAIN), "rp-array")
        equal(claims["exp"], of_chain(client_of("rp-array").json(), "rp-array", len(chain)), "exp")


def with_chain(name, **more):
    """A request with the chain in its header: superiors publish nothing, and the metadata is for this provider."""
    metadata = federation.metadata(federation.entities[name])
    metadata["openid_relying_party"]["client_name"] = "For this provider"
    chain = [federation.configuration(name), *federation.above(name)]
    return request(name, metadata=metadata, header={"trust_chain": chain, **more})


@check("registers with the trust_chain header, what the request says")
def _():
    claims = accepted(post(with_chain("rp-header")), "rp-header", "unpublished")
    equal(claims["metadata"]["openid_relying_party"]["client_name"], "For this provider", "client_name")


@check("registers with the peer_trust_chain header too")
def _():
    accepted(post(with_chain("rp-peer", peer_trust_chain=peer_chain())), "rp-peer", "unpublished")


# Each request has to be of a later second than the one before.
first, second = (request("rp-repeated", iat=int(time.time()) - age) for age in [1, 0])


@check("a repeated registration has a new secret")
def _():
    secrets = [secret(accepted(post(body), "rp-repeated")) for body in [first, second]]
    true(secrets[0] != secrets[1], "it is the same secret")
    equal(client_of("rp-repeated").json().get("clientSecret"), secrets[1], "the client's secret")


@check("refuses a request that was sent before")
def _():
    for body in [first, second]:
        refused(post(body), 400, "invalid_request")


# The Authlete API


def operation(name, body, action):
    """The answer of an operation of federations: always 200, and `responseContent` is for the relying party."""
    answer = authlete("POST", f"federation/{name}", body)
    of_type(answer, 200, "json")
    answer = answer.json()
    equal(answer.get("action"), action, f"the action of {answer}")
    true(answer["resultMessage"].startswith(f"[{answer['resultCode']}] "), answer["resultMessage"])
    return answer


@check("Authlete: the entity configuration")
def _():
    provider_entity(operation("configuration", {}, "OK")["responseContent"])


REGISTRATIONS = {
    "rp-authlete": ("an entity configuration", lambda name: {"entityConfiguration": request(name)}),
    "rp-authlete-array": ("a trust chain", lambda name: {"trustChain": json.dumps(chain_of(name))}),
}

for name, (what, body) in REGISTRATIONS.items():

    @check(f"Authlete: registers with {what}")
    def _(name=name, body=body):
        answer = operation("registration", body(name), "OK")
        claims = registered(answer["responseContent"], name)
        client = answer["client"]
        equal(of_chain(client, name, 5), claims["exp"], "when the chain expires")
        equal(client["explicitlyRegistered"], True, "explicitlyRegistered")
        equal(client["clientIdAlias"], federation.id(name), "clientIdAlias")
        equal(client["clientSecret"], secret(claims), "clientSecret")
        equal(client["clientName"], f"Relying party {name}", "clientName")
        equal(client["tokenAuthMethod"], "CLIENT_SECRET_BASIC", "tokenAuthMethod")
        equal(client["clientRegistrationTypes"], ["EXPLICIT"], "clientRegistrationTypes")
        equal(client["organizationName"], RP_ORGANIZATION, "organizationName")
        equal(client_of(name).json(), client, "the client that get answers")


REFUSED = {
    "nothing": (lambda: {}, "invalid_request"),
    "another aud": (lambda: {"entityConfiguration": request("rp-authlete", aud=anchor)}, "invalid_request"),
    "another trust anchor": (lambda: {"trustChain": json.dumps(chain_of("rp-stranger"))}, "invalid_trust_anchor"),
    "metadata against the policy": (lambda: {"entityConfiguration": request("rp-violating")}, "invalid_metadata"),
}

for what, (body, code) in REFUSED.items():

    @check(f"Authlete: refuses {what}")
    def _(body=body, code=code):
        error(operation("registration", body(), "BAD_REQUEST")["responseContent"], code)


# Automatic registration: the authorization server asks for a client that nobody has registered.


@check("registers automatically who is asked for by its entity identifier")
def _():
    answer = client_of("rp-automatic")
    of_type(answer, 200, "json")
    client = answer.json()
    of_chain(client, "rp-automatic", 5)
    equal((client["automaticallyRegistered"], client["explicitlyRegistered"]), (True, False), "how it registered")
    equal(client["clientRegistrationTypes"], ["AUTOMATIC"], "clientRegistrationTypes")
    equal(client["tokenAuthMethod"], "PRIVATE_KEY_JWT", "tokenAuthMethod")
    equal(json.loads(client["jwks"]), key_set(federation.keys["client"]), "jwks")
    equal(set(client["contacts"]), {RP_CONTACT, ABOVE_CONTACT, ANCHOR_CONTACT}, "contacts")
    true(not client.get("clientSecret"), "there is a secret")
    equal(client_of("rp-automatic").json(), client, "what is answered again")


@check("registers again who was deleted")
def _():
    before = client_of("rp-automatic").json()
    answer = authlete("DELETE", client_path("delete", "rp-automatic"))
    equal(answer.status_code, 204, f"the status of {answer.text!r}")
    after = client_of("rp-automatic").json()
    true(after["createdAt"] > before["createdAt"], "it is the same client")


@check("no registration outlives its trust chain; an automatic one is renewed")
def _():
    answer = operation("registration", {"entityConfiguration": request("rp-brief")}, "OK")
    claims = registered(answer["responseContent"], "rp-brief")
    before = client_of("rp-automatic-brief").json()
    expires_at = max(claims["exp"], of_chain(before, "rp-automatic-brief", 5))
    true(expires_at <= time.time() + BRIEF_LIFETIME, "the registrations are longer than a statement")
    time.sleep(expires_at - time.time() + 0.1)
    equal(client_of("rp-brief").status_code, 404, "the status of the client whose time is up")
    after = client_of("rp-automatic-brief").json()
    true(of_chain(after, "rp-automatic-brief", 5) > expires_at, "the trust chain is the same")


NOT_AUTOMATIC = {
    "who registers explicitly only": "rp-explicit-only",
    "a relying party of another trust anchor": "rp-automatic-stranger",
    "who publishes nothing": "rp-nobody",
}

for what, name in NOT_AUTOMATIC.items():

    @check(f"does not register automatically {what}")
    def _(name=name):
        answer = client_of(name)
        of_type(answer, 404, "json")
        true(answer.json().get("resultMessage"), f"there is no resultMessage in {answer.text!r}")


finish()
