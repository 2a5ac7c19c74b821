"""A trust anchor and a relying party with fixed keys, and what the relying party sends to the fixture's service 111."""

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SERVICE = 111
PROVIDER = f"https://registrar.example/{SERVICE}"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Entity:
    """An entity of a federation; the same number is the same key."""

    def __init__(self, identifier, number):
        self.id = identifier
        self.key = ec.derive_private_key(number, ec.SECP256R1())

    def jwks(self):
        point = self.key.public_key().public_numbers()
        x, y = (base64url(coordinate.to_bytes(32, "big")) for coordinate in (point.x, point.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": self.id, "alg": "ES256", "use": "sig", "x": x, "y": y}]}

    def sign(self, claims, **header):
        header = {"typ": "entity-statement+jwt", "alg": "ES256", "kid": self.id, **header}
        message = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self.key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{message}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


ANCHOR = Entity("https://ta.example", 1_000_001)
PARTY = Entity("https://rp.example", 1_000_002)


def request(now, until, **changes):
    """The relying party's entity configuration for the provider."""
    metadata = {"redirect_uris": ["https://rp.example/cb"], "client_name": "RP"}
    claims = {
        "iss": PARTY.id,
        "sub": PARTY.id,
        "iat": now,
        "exp": until,
        "aud": PROVIDER,
        "jwks": PARTY.jwks(),
        "authority_hints": [ANCHOR.id],
        "metadata": {"openid_relying_party": metadata},
    }
    return {**claims, **changes}


def chain(now, until):
    """Its trust chain."""
    about = {"iss": ANCHOR.id, "sub": PARTY.id, "iat": now, "exp": until, "jwks": PARTY.jwks()}
    return [PARTY.sign(request(now, until)), ANCHOR.sign(about)]
