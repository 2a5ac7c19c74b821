"""Writes the events of the STET functions, what they are to answer, and the certificates that the fixture needs.

Run from the top: tests/clients/.venv/bin/python tests/functions/stet_events.py
The private keys are thrown away: whoever changes an event makes all of them anew. Signatures have no date, so that
the events can be replayed at any time."""

import base64
import datetime
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

sys.path.insert(0, "tests/clients")
import stet_institution

EVENTS = pathlib.Path("events")
DATA = pathlib.Path("cli/tests/data/stet.json")
NAMES = {"A": "PSDFR-ACPR-10001", "B": "PSDFR-ACPR-10002", "C": "PSDFR-ACPR-10003"}

stet_institution.Issued.start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
stet_institution.Issued.lifetime = datetime.timedelta(days=365 * 30)


def der(issued):
    return issued.certificate.public_bytes(Encoding.DER)


class Institution:
    def __init__(self, letter, issuer):
        self.id = NAMES[letter]
        self.token = "mgr_" + "A" * 42 + letter
        self.web = stet_institution.web(self.id, issuer)
        self.seal = stet_institution.seal(self.id, issuer)
        self.chain = [base64.b64encode(der(each)).decode() for each in (self.seal, issuer)]

    def thumbprint(self):
        return base64.urlsafe_b64encode(hashlib.sha256(der(self.web)).digest()).rstrip(b"=").decode()

    def key(self):
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "key_ops": ["verify"], "kid": "seal", "x5c": self.chain}

    def metadata(self, **members):
        return stet_institution.metadata(self.id, self.key(), **members)

    def fixture(self, registered):
        """What the table holds of it."""
        modulus = self.seal.key.public_key().public_numbers().n.to_bytes(256, "big")
        key = {**self.key(), "n": base64.urlsafe_b64encode(modulus).rstrip(b"=").decode(), "e": "AQAB"}
        metadata = self.metadata(scope="aisp pisp", tls_client_auth_subject_dn="CN=tpp.example", jwks={"keys": [key]})
        return {
            "id": self.id,
            "token": self.token,
            "thumbprint": self.thumbprint(),
            "registered": metadata if registered else None,
        }

    def event(self, function, case, method, path, *, metadata=None, form=None, signed=True, certificate=True, **headers):
        """`headers` are changes: `None` takes one away."""
        name = f"{function}.{case}"
        sent = {
            "accept": "application/json",
            "authorization": f"Bearer {self.token}",
            "x-request-id": name,
            "host": "stet.example",
            "user-agent": "events",
            "x-forwarded-for": "192.0.2.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        }
        covered = ["(request-target)", "x-request-id"]
        body = None
        if metadata is not None:
            body = json.dumps(metadata)
            sent["content-type"] = "application/json"
            sent["digest"] = "SHA-256=" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            covered.append("digest")
        if form is not None:
            body = form
            sent["content-type"] = "application/x-www-form-urlencoded"
            del sent["authorization"]
        if signed:
            lines = [f"{line}: {sent[line]}" for line in covered[1:]]
            string = "\n".join([f"(request-target): {method.lower()} {path}", *lines])
            signature = self.seal.key.sign(string.encode(), padding.PKCS1v15(), hashes.SHA256())
            signature = base64.b64encode(signature).decode()
            listed = " ".join(covered)
            sent["signature"] = f'keyId="seal",algorithm="rsa-sha256",headers="{listed}",signature="{signature}"'
        for header, value in headers.items():
            header = header.replace("_", "-")
            sent.pop(header, None)
            if value is not None:
                sent[header] = value
        register = "/stet/setting/v1/register"
        route = f"{register}/{{clientId}}" if path.startswith(register + "/") else path
        event = {
            "version": "2.0",
            "routeKey": f"ANY {route}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": sent,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "stet",
                "domainName": "stet.example",
                "domainPrefix": "stet",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "events"},
                "requestId": "EXAMPLE=",
                "routeKey": f"ANY {route}",
                "stage": "$default",
                "time": "21/Sep/2026:14:13:20 +0000",
                "timeEpoch": 1790000000000,
            },
            "isBase64Encoded": False,
        }
        if route != path:
            event["pathParameters"] = {"clientId": path.removeprefix(register + "/")}
        if certificate:
            event["requestContext"]["authentication"] = {"clientCert": {"clientCertPem": self.web.pem().decode()}}
        if body is not None:
            event["body"] = body
            if form is not None:
                event["body"] = base64.b64encode(body.encode()).decode()
                event["isBase64Encoded"] = True
        (EVENTS / f"{name}.json").write_text(json.dumps(event, indent=2) + "\n")
        return name, path, sent.get("x-request-id")


def expect(event, status, body, **headers):
    name, _, identifier = event
    expected = {"content-type": "application/json"} if body is not None else {}
    expected["cache-control"] = "no-store"
    expected["x-request-id"] = identifier
    expected.update({name.replace("_", "-"): value for name, value in headers.items()})
    answer = {"statusCode": status, "headers": expected, "body": body}
    (EVENTS / "expected" / f"{name}.json").write_text(json.dumps(answer, indent=2) + "\n")


def refuse(event, status, code, text, **headers):
    body = {"timestamp": "*", "status": status, "error": code, "error_description": text, "message": text[:140], "path": event[1]}
    expect(event, status, body, **headers)


def record(institution, **members):
    key = {**institution.key(), "n": "*", "e": "AQAB"}
    answer = {
        **institution.metadata(),
        "application_type": "web",
        "client_id": institution.id,
        "client_id_issued_at": "*",
        "registration_access_token": institution.token,
        "registration_client_uri": f"https://stet.example/stet/setting/v1/register/{institution.id}",
        "tls_client_auth_subject_dn": "*",
        "jwks": {"keys": [key]},
        **members,
    }
    return dict(sorted(answer.items()))


root = stet_institution.authority("Root", None)
issuer = stet_institution.authority("Issuing", 0, root)
a, b, c = (Institution(letter, issuer) for letter in "ABC")

DATA.write_text(json.dumps({
    "source": "made by tests/functions/stet_events.py",
    "trust_anchors": (root.pem() + issuer.pem()).decode(),
    "institutions": [each.fixture(registered=each is not c) for each in (a, b, c)],
}, indent=2) + "\n")

TOKEN, REGISTER = "/stet/psd2/oauth/token", "/stet/setting/v1/register"
own = f"{REGISTER}/{a.id}"

form = "grant_type=client_credentials&scope=manageRegistration&client_id=PSD2_TPPRegister"
issued = {"access_token": "*", "token_type": "Bearer", "expires_in": 3600, "scope": "manageRegistration"}
expect(a.event("stet-token", "issued", "POST", TOKEN, form=form, signed=False), 200, issued)
refuse(a.event("stet-token", "other-grant", "POST", TOKEN, form=form.replace("client_credentials", "password"), signed=False), 400, "unsupported_grant_type", "grant_type must be client_credentials")
refuse(a.event("stet-token", "other-scope", "POST", TOKEN, form=form.replace("manageRegistration", "aisp"), signed=False), 400, "invalid_scope", "scope must be manageRegistration")
refuse(a.event("stet-token", "without-certificate", "POST", TOKEN, form=form, signed=False, certificate=False), 401, "invalid_client", "a client certificate is required", www_authenticate='Signature realm="stet",headers="(request-target) x-request-id digest"')
refuse(a.event("stet-token", "method-not-allowed", "GET", TOKEN, signed=False), 405, "invalid_request", "the method is not allowed here", allow="POST")

expect(c.event("stet-register", "registered", "POST", REGISTER, metadata=c.metadata()), 201, record(c))
refuse(a.event("stet-register", "registered-already", "POST", REGISTER, metadata=a.metadata()), 400, "invalid_client_metadata", "this registrant has a client already")
refuse(a.event("stet-register", "without-token", "POST", REGISTER, metadata=a.metadata(), authorization=None), 401, "invalid_token", "a bearer token is required in the Authorization header", www_authenticate="Bearer")
refuse(a.event("stet-register", "without-digest", "POST", REGISTER, metadata=a.metadata(), digest=None), 400, "invalid_request", "Digest: it is missing")
refuse(a.event("stet-register", "without-signature", "POST", REGISTER, metadata=a.metadata(), signed=False), 400, "invalid_request", "Signature: it is missing")
refuse(a.event("stet-register", "role-missing", "POST", REGISTER, metadata=a.metadata(scope="cbpii")), 403, "access_denied", "scope: the roles of the certificate do not permit cbpii")
refuse(a.event("stet-register", "other-organization", "POST", REGISTER, metadata=a.metadata(provider_legal_id=b.id)), 403, "access_denied", "provider_legal_id is not the organization of the certificates")
refuse(a.event("stet-register", "not-acceptable", "POST", REGISTER, metadata=a.metadata(), accept="text/html"), 406, "invalid_request", "Accept: the answer is application/json")
refuse(a.event("stet-register", "method-not-allowed", "GET", REGISTER), 405, "invalid_request", "the method is not allowed here", allow="POST")

expect(a.event("stet-client", "read", "GET", own), 200, record(a))
updated = a.metadata(client_id=a.id, redirect_uris=["https://tpp.example/new"])
expect(a.event("stet-client", "updated", "PUT", own, metadata=updated), 200, record(a, redirect_uris=["https://tpp.example/new"]))
refuse(a.event("stet-client", "other-client", "GET", f"{REGISTER}/{b.id}"), 403, "access_denied", "the client belongs to another organization")
refuse(c.event("stet-client", "absent", "GET", f"{REGISTER}/{c.id}"), 404, "not_found", "there is no such client")
expect(b.event("stet-client", "deleted", "DELETE", f"{REGISTER}/{b.id}"), 204, None)

refuse(a.event("stet-unknown", "accounts", "GET", "/stet/psd2/v1/accounts"), 400, "invalid_request", "there is no such entry point")
