"""A federation of OpenID Federation 1.0 on this machine: a trust anchor, intermediates and relying parties, each at its
own path of one https server.

    federation_entities.py DIR DEMO     writes certificates and keys into DIR, publishes the entities, and then
                                        writes DIR/url

Every statement is signed when it is asked for. What superiors say of the provider comes from DEMO, its demo.json, and
DIR/provider.json, its settings with its keys: both are there later than this server.
"""

import http.server
import ipaddress
import json
import pathlib
import ssl
import sys
import time
import urllib.parse
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptojwt.jwk.ec import new_ec_key
from cryptojwt.jwk.jwk import key_from_jwk_dict
from cryptojwt.jwk.okp import new_okp_key
from cryptojwt.jwk.rsa import new_rsa_key
from cryptojwt.jws.jws import JWS
from stet_institution import Issued, key_usage

STATEMENT = "entity-statement+jwt"
WELL_KNOWN = "/.well-known/openid-federation"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

# How long statements are valid, in seconds; those about relying parties are the first of a chain to expire.
LIFETIME = 24 * 3600
SHORT_LIFETIME = 3600
BRIEF_LIFETIME = 6

ANCHOR_CONTACT = "federation@anchor.example"
ABOVE_CONTACT = "members@above.example"
RP_CONTACT = "support@rp.example"
RP_ORGANIZATION = "Relying Parties SA"
PROVIDER_ORGANIZATION = "Providers SA"


@dataclass
class Entity:
    """An entity, and what its superiors state about it beside its keys, and for how long."""

    name: str
    algorithm: str
    superiors: list
    about: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)
    lifetime: int = LIFETIME
    published: bool = True


def relying_party(name, algorithm="ES256", superior="below", lifetime=SHORT_LIFETIME, **changes):
    metadata = {
        "client_name": f"Relying party {name}",
        "redirect_uris": [f"https://{name}.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE],
        "response_types": ["code"],
        "scope": "openid profile email phone",
        "contacts": [RP_CONTACT],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_registration_types": ["explicit"],
        **changes,
    }
    about = {"metadata": {"openid_relying_party": {"organization_name": RP_ORGANIZATION}}}
    return Entity(name, algorithm, [superior], about, {"openid_relying_party": metadata}, lifetime)


OF_ABOVE = {
    "constraints": {"max_path_length": 2},
    "metadata_policy": {
        "openid_relying_party": {
            "grant_types": {"subset_of": ["authorization_code", "refresh_token"]},
            "scope": {"subset_of": ["openid", "profile", "email"]},
            "contacts": {"add": [ANCHOR_CONTACT]},
            "token_endpoint_auth_method": {"one_of": ["client_secret_basic", "private_key_jwt"]},
            "default_max_age": {"default": 600},
        }
    },
}

OF_BELOW = {
    "constraints": {
        "max_path_length": 1,
        "naming_constraints": {"permitted": ["localhost"], "excluded": ["provider.localhost"]},
        "allowed_entity_types": ["openid_relying_party"],
    },
    "metadata_policy": {
        "openid_relying_party": {
            "client_name": {"essential": True},
            "scope": {"subset_of": ["openid", "profile", "phone"]},
            "contacts": {"add": [ABOVE_CONTACT]},
        }
    },
}

OF_PROVIDERS = {
    "constraints": {"max_path_length": 1, "allowed_entity_types": ["openid_provider"]},
    "metadata_policy": {
        "openid_provider": {
            "client_registration_types_supported": {"subset_of": ["automatic", "explicit"], "essential": True},
            "organization_name": {"essential": True},
        }
    },
}

OF_PROVIDER = {"metadata_policy": {"openid_provider": {"organization_name": {"value": PROVIDER_ORGANIZATION}}}}

AUTOMATIC = {"client_registration_types": ["automatic"], "token_endpoint_auth_method": "private_key_jwt"}

ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]

ENTITIES = [
    Entity("ta", "ES256", []),
    Entity("above", "RS256", ["ta"], OF_ABOVE),
    Entity("below", "PS256", ["above"], OF_BELOW),
    Entity("too-deep", "ES384", ["below"]),
    Entity("unpublished", "EdDSA", ["ta"], published=False),
    Entity("providers", "EdDSA", ["ta"], OF_PROVIDERS),
    # No provider trusts this one.
    Entity("another-ta", "ES256", []),
    # Each is the other's superior.
    Entity("left", "ES256", ["right"]),
    Entity("right", "ES256", ["left"]),
    *(relying_party(f"rp-{algorithm.lower()}", algorithm) for algorithm in ALGORITHMS),
    relying_party("rp-metadata", "ES384"),
    relying_party("rp-array", "RS256"),
    relying_party("rp-header", "EdDSA", "unpublished"),
    relying_party("rp-peer", "ES256", "unpublished"),
    relying_party("rp-repeated", "PS256"),
    relying_party("rp-refused"),
    relying_party("rp-stranger", superior="another-ta"),
    relying_party("rp-violating", token_endpoint_auth_method="client_secret_post"),
    relying_party("rp-looping", superior="left"),
    relying_party("rp-too-deep", superior="too-deep"),
    relying_party("rp-authlete"),
    relying_party("rp-authlete-array", "PS256"),
    relying_party("rp-explicit-only"),
    relying_party("rp-automatic", "EdDSA", **AUTOMATIC),
    relying_party("rp-brief", lifetime=BRIEF_LIFETIME),
    relying_party("rp-automatic-brief", lifetime=BRIEF_LIFETIME, **AUTOMATIC),
    relying_party("rp-automatic-stranger", superior="another-ta", **AUTOMATIC),
]


def new_key(algorithm):
    more = {"alg": algorithm, "use": "sig"}
    match algorithm:
        case "ES256":
            return new_ec_key("P-256", **more)
        case "ES384":
            return new_ec_key("P-384", **more)
        case "EdDSA":
            return new_okp_key("Ed25519", **more)
        case "RS256" | "PS256":
            return new_rsa_key(2048, **more)
    raise ValueError(algorithm)


def key_set(key):
    return {"keys": [key.serialize()]}


def sign(key, claims, **header):
    """A JWT; parameters of the header can be changed."""
    header = {"typ": STATEMENT} | header
    return JWS(json.dumps(claims), alg=key.alg).sign_compact([key], **header)


class Federation:
    """The entities with their keys, as they are in the folder."""

    def __init__(self, folder, demo):
        self.folder = folder
        self.demo = demo
        self.url = (folder / "url").read_text() if (folder / "url").exists() else None
        keys = json.loads((folder / "keys.json").read_text())
        self.keys = {name: key_from_jwk_dict(key) for name, key in keys.items()}
        self.entities = {entity.name: entity for entity in ENTITIES}

    def id(self, name):
        return f"{self.url}/{name}"

    def provider(self):
        """The provider's entity identifier and keys."""
        issuer = json.loads(self.demo.read_text())["issuer"]
        return issuer, json.loads((self.folder / "provider.json").read_text())["jwks"]

    def metadata(self, entity):
        """What an entity says of itself; a superior says where its statements are, a client which keys it has."""
        metadata = {entity_type: dict(members) for entity_type, members in entity.metadata.items()}
        client = metadata.get("openid_relying_party")
        if client is None:
            return {"federation_entity": {"federation_fetch_endpoint": f"{self.id(entity.name)}/fetch"}}
        if client["token_endpoint_auth_method"] == "private_key_jwt":
            client["jwks"] = key_set(self.keys["client"])
        return metadata

    def configuration(self, name, key=None, header=None, **changes):
        """An entity about itself; a claim that is changed to None is left out."""
        entity, key, now = self.entities[name], key or self.keys[name], int(time.time())
        claims = {
            "iss": self.id(name),
            "sub": self.id(name),
            "iat": now,
            "exp": now + LIFETIME,
            "jwks": key_set(self.keys[name]),
            "authority_hints": [self.id(superior) for superior in entity.superiors] or None,
            "metadata": self.metadata(entity),
            **changes,
        }
        claims = {claim: value for claim, value in claims.items() if value is not None}
        return sign(key, claims, **(header or {}))

    def statement(self, superior, subject):
        """A superior about an entity identifier, if that is below it."""
        known = [entity for entity in ENTITIES if superior in entity.superiors and self.id(entity.name) == subject]
        if known:
            keys, about, lifetime = key_set(self.keys[known[0].name]), known[0].about, known[0].lifetime
        elif superior in ["ta", "providers"] and subject == self.provider()[0]:
            keys, about, lifetime = self.provider()[1], OF_PROVIDER, LIFETIME
        else:
            raise LookupError(f"{subject} is not below {superior}")
        now = int(time.time())
        claims = {"iss": self.id(superior), "sub": subject, "iat": now, "exp": now + lifetime, "jwks": keys}
        return sign(self.keys[superior], claims | about)

    def above(self, name):
        """The statements about an entity and its superiors, and its trust anchor's configuration at the end."""
        superiors = self.entities[name].superiors
        if not superiors:
            return [self.configuration(name)]
        return [self.statement(superiors[0], self.id(name)), *self.above(superiors[0])]


def certificates(folder):
    """An authority, and a certificate of it for this machine."""
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Federation CA")])
    authority = Issued(
        authority_name,
        [(x509.BasicConstraints(ca=True, path_length=0), True), (key_usage("key_cert_sign", "crl_sign"), True)],
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = Issued(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
        [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName(names), False),
        ],
        authority,
    )
    (folder / "ca.pem").write_bytes(authority.pem())
    server.write(folder, "server")


class Handler(http.server.BaseHTTPRequestHandler):
    """Publishes the configurations of entities, and superiors' statements behind `/fetch?sub=`."""

    federation = None

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        name, _, rest = url.path.removeprefix("/").partition("/")
        try:
            if not self.federation.entities[name].published:
                raise LookupError(f"{name} publishes nothing")
            if f"/{rest}" == WELL_KNOWN:
                statement = self.federation.configuration(name)
            elif rest == "fetch":
                statement = self.federation.statement(name, urllib.parse.parse_qs(url.query)["sub"][0])
            else:
                raise LookupError(f"there is nothing at {url.path}")
        except (LookupError, FileNotFoundError) as error:
            body = json.dumps({"error": "not_found", "error_description": str(error)})
            self.answer(404, "application/json", body)
        else:
            self.answer(200, f"application/{STATEMENT}", statement)

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def serve(folder, demo):
    folder.mkdir(parents=True, exist_ok=True)
    certificates(folder)
    keys = {entity.name: new_key(entity.algorithm) for entity in ENTITIES} | {"client": new_key("ES256")}
    (folder / "keys.json").write_text(json.dumps({name: key.serialize(private=True) for name, key in keys.items()}))
    (folder / "ta.json").write_text(json.dumps(key_set(keys["ta"])))
    Handler.federation = Federation(folder, demo)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Handler.federation.url = f"https://localhost:{server.server_port}"
    (folder / "url").write_text(Handler.federation.url)
    server.serve_forever()


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder, demo]:
            serve(pathlib.Path(folder), pathlib.Path(demo))
        case _:
            sys.exit(__doc__)
