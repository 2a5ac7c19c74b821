"""A payment institution that registers at a French bank by STET PSD2: over TLS with its qualified website certificate,
and with its seal under every request. `http.client` and `cryptography` speak for it, as there is no library.

Takes the path of the server's demo.json and the folder that stet_institution.py has written, prints one line per check
and exits with 1 if one failed. Refused registrations come before the accepted one: nothing but their fault can be the
reason.
"""

import base64
import hashlib
import http.client
import json
import pathlib
import ssl
import sys
import urllib.parse
import uuid

import stet_institution
from checks import check, demo, equal, finish, true
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from stet_institution import ACME, OTHER, SPACED

TOKEN = "/stet/psd2/oauth/token"
REGISTER = "/stet/setting/v1/register"
SEAL_URL = "https://s3.example/seal.pem"
RENEWED_URL = "https://s3.example/renewed.pem"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest(body):
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


class Seal:
    """A seal's key, and its certificate with the chain."""

    def __init__(self, folder, name):
        self.key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        self.chain = x509.load_pem_x509_certificates((folder / f"{name}.pem").read_bytes())

    def modulus(self):
        number = self.key.public_key().public_numbers().n
        return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))

    def jwk(self, kid):
        chain = [certificate.public_bytes(serialization.Encoding.DER) for certificate in self.chain]
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "keys_ops": ["verify"],
            "kid": kid,
            "x5c": [base64.b64encode(der).decode() for der in chain],
            "x5t#S256": base64url(hashlib.sha256(chain[0]).digest()),
        }

    def sign(self, method, path, headers, key_id):
        """Signs whatever of the digest and the X-Request-ID is there (draft-cavage-http-signatures-12)."""
        lines = {"(request-target)": f"{method.lower()} {path}"}
        lines |= {name.lower(): headers[name] for name in ["Digest", "X-Request-ID"] if name in headers}
        text = "\n".join(f"{name}: {value}" for name, value in lines.items())
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        parameters = {
            "keyId": key_id,
            "algorithm": "rsa-sha256",
            "headers": " ".join(lines),
            "signature": base64.b64encode(signature).decode(),
        }
        headers["Signature"] = ",".join(f'{name}="{value}"' for name, value in parameters.items())


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode(errors="replace")

    def json(self):
        value = json.loads(self.text)
        true(isinstance(value, dict), f"the body is {self.text!r}")
        return value


class Server:
    def __init__(self, base_url, certificate):
        self.base_url = base_url.rstrip("/")
        self.certificate = certificate

    def context(self, folder=None, name=None):
        """Trusts this one server; shows a client certificate if there is a name."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if name:
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        return context

    def send(self, context, method, path, headers, body=None):
        url = urllib.parse.urlsplit(self.base_url)
        connection = http.client.HTTPSConnection(url.hostname, url.port or 443, context=context, timeout=20)
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()


class Institution:
    """An organization with its two certificates and its token."""

    def __init__(self, server, folder, organization, prefix, kid):
        self.server = server
        self.organization = organization
        self.context = server.context(folder, f"{prefix}qwac")
        self.seal = Seal(folder, f"{prefix}qseal")
        self.kid = kid
        self.path = f"{REGISTER}/{urllib.parse.quote(organization)}"
        self.token = None

    def fetch_token(self):
        form = {"grant_type": "client_credentials", "scope": "manageRegistration", "client_id": "PSD2_TPPRegister"}
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.server.send(self.context, "POST", TOKEN, headers, urllib.parse.urlencode(form).encode())
        equal(answer.status, 200, f"the status of {answer.text!r}")
        token = answer.json()
        true(token.get("access_token"), "there is no access_token")
        self.token = token["access_token"]
        return token

    def metadata(self, **members):
        return stet_institution.metadata(self.organization, self.seal.jwk(self.kid), **members)

    def body(self, **members):
        return json.dumps(self.metadata(**members)).encode()

    def headers(self, body=None):
        """All but the signature; each time with another X-Request-ID."""
        true(self.token, "there is no token")
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.token}",
            "X-Request-ID": str(uuid.uuid4()),
        }
        if body is not None:
            headers |= {"Content-Type": "application/json", "Digest": digest(body)}
        return headers

    def registration(self, body, **changes):
        """Signed headers of a registration; a header that is changed to None is left out."""
        headers = {name: value for name, value in (self.headers(body) | changes).items() if value is not None}
        self.seal.sign("POST", REGISTER, headers, SEAL_URL)
        return headers

    def register(self, headers, body):
        return self.server.send(self.context, "POST", REGISTER, headers, body)

    def request(self, method, path, body=None, **changes):
        """A request of a registered client, signed with its `kid`."""
        headers = self.headers(body) | changes
        self.seal.sign(method, path, headers, self.kid)
        return headers, self.server.send(self.context, method, path, headers, body)


def accepted(headers, answer, status):
    equal(answer.status, status, f"the status of {answer.text!r}")
    equal(answer.headers.get("X-Request-ID"), headers["X-Request-ID"], "X-Request-ID")
    return answer.json() if status != 204 else equal(answer.text, "", "the body")


def refused(headers, answer, *statuses):
    true(answer.status in statuses, f"the status of {answer.text!r} is {answer.status}, not {statuses}")
    if "X-Request-ID" in headers:
        equal(answer.headers.get("X-Request-ID"), headers["X-Request-ID"], "X-Request-ID")
    error = answer.json()
    equal(error.get("status"), answer.status, "status")
    for member in ["error", "message", "error_description", "path", "timestamp"]:
        true(error.get(member), f"there is no {member} in {answer.text!r}")
        true(len(error[member]) <= 140, f"{member} is longer than STET allows")
    if answer.status == 401:
        true(answer.headers.get("WWW-Authenticate"), "there is no WWW-Authenticate")


def run(base_url, folder, certificate):
    server = Server(base_url, certificate)
    acme = Institution(server, folder, ACME, "", "acme-seal-1")
    other = Institution(server, folder, OTHER, "other-", "other-seal-1")
    spaced = Institution(server, folder, SPACED, "spaced-", "spaced-seal-1")

    # Connections and tokens

    for name, institution in [
        ("a token for the certificate", acme),
        ("a token for another organization", other),
        ("a token for an organization with a space in its identifier", spaced),
    ]:

        @check(name)
        def _(institution=institution):
            token = institution.fetch_token()
            equal(token.get("token_type"), "Bearer", "token_type")
            equal(token.get("expires_in"), 3600, "expires_in")

    @check("no connection without a client certificate")
    def _():
        # In TLS 1.3 the server's alert comes after the handshake, with the first answer.
        try:
            answer = server.send(server.context(), "GET", REGISTER, {})
        except (ssl.SSLCertVerificationError, ConnectionRefusedError):
            raise
        except (ssl.SSLError, ConnectionError):
            return
        raise AssertionError(f"it was answered with {answer.status}")

    # Registrations that are refused

    @check("a digest of other bytes")
    def _():
        body = acme.body()
        headers = acme.registration(body, Digest=digest(b"{}"))
        refused(headers, acme.register(headers, body), 400, 401)

    @check("without a signature")
    def _():
        body = acme.body()
        headers = acme.headers(body)
        refused(headers, acme.register(headers, body), 400)

    @check("without an X-Request-ID")
    def _():
        body = acme.body()
        headers = acme.registration(body, **{"X-Request-ID": None})
        refused(headers, acme.register(headers, body), 400)

    @check("without a token")
    def _():
        body = acme.body()
        headers = acme.registration(body, Authorization=None)
        refused(headers, acme.register(headers, body), 401)

    @check("another body with its digest, under the signature of the first")
    def _():
        headers = acme.registration(acme.body())
        body = acme.body(redirect_uris=["https://attacker.example/cb"])
        headers["Digest"] = digest(body)
        refused(headers, acme.register(headers, body), 401)

    @check("a seal of an authority that nobody trusts")
    def _():
        foreign = Seal(folder, "foreign-qseal")
        body = acme.body(jwks={"keys": [foreign.jwk("acme-seal-1")]})
        headers = acme.headers(body)
        foreign.sign("POST", REGISTER, headers, SEAL_URL)
        refused(headers, acme.register(headers, body), 401)

    @check("a second key of an authority that nobody trusts")
    def _():
        foreign = Seal(folder, "foreign-qseal")
        body = acme.body(jwks={"keys": [acme.seal.jwk(acme.kid), foreign.jwk("acme-seal-2")]})
        headers = acme.registration(body)
        refused(headers, acme.register(headers, body), 401)

    @check("a key that is said to be for encryption")
    def _():
        body = acme.body(jwks={"keys": [{**acme.seal.jwk(acme.kid), "use": "enc"}]})
        headers = acme.registration(body)
        refused(headers, acme.register(headers, body), 400)

    @check("a scope of a role that the certificate has not")
    def _():
        body = acme.body(scope="cbpii")
        headers = acme.registration(body)
        refused(headers, acme.register(headers, body), 403)

    # The registration

    sent = {}

    @check("a registration is answered with every member")
    def _():
        body = acme.body()
        headers = acme.registration(body)
        sent.update(headers=headers, body=body)
        client = accepted(headers, acme.register(headers, body), 201)
        equal(client.get("client_id"), ACME, "client_id")
        equal(client.get("registration_client_uri"), server.base_url + acme.path, "registration_client_uri")
        for member in ["registration_access_token", "client_id_issued_at", "tls_client_auth_subject_dn"]:
            true(client.get(member), f"there is no {member}")
        equal(client.get("scope"), "aisp,pisp", "scope")
        equal(client.get("contact"), acme.metadata()["contact"], "contact")
        jwk = client["jwks"]["keys"][0]
        equal((jwk.get("kid"), jwk.get("n"), jwk.get("e")), (acme.kid, acme.seal.modulus(), "AQAB"), "kid, n and e")

    @check("the same bytes again")
    def _():
        true(sent, "there was no registration")
        refused(sent["headers"], acme.register(**sent), 400)

    @check("the client is read with the key of its kid")
    def _():
        client = accepted(*acme.request("GET", acme.path), 200)
        equal(client.get("client_id"), ACME, "client_id")

    @check("the client is updated")
    def _():
        uris = ["https://tpp.example/cb", "https://tpp.example/second"]
        body = acme.body(client_id=ACME, redirect_uris=uris)
        equal(accepted(*acme.request("PUT", acme.path, body), 200).get("redirect_uris"), uris, "redirect_uris")
        equal(accepted(*acme.request("GET", acme.path), 200).get("redirect_uris"), uris, "redirect_uris")

    @check("a new seal is registered by the update that it has signed, and reads the client")
    def _():
        acme.seal, acme.kid = Seal(folder, "renewed-qseal"), "acme-seal-2"
        body = acme.body(client_id=ACME)
        headers = acme.headers(body)
        acme.seal.sign("PUT", acme.path, headers, RENEWED_URL)
        client = accepted(headers, server.send(acme.context, "PUT", acme.path, headers, body), 200)
        jwk = client["jwks"]["keys"][0]
        equal((jwk.get("kid"), jwk.get("n")), (acme.kid, acme.seal.modulus()), "kid and n")
        accepted(*acme.request("GET", acme.path), 200)
        headers = acme.headers()
        acme.seal.sign("GET", acme.path, headers, RENEWED_URL)
        accepted(headers, server.send(acme.context, "GET", acme.path, headers), 200)

    @check("the seal that was replaced signs nothing any more")
    def _():
        headers = acme.headers()
        Seal(folder, "qseal").sign("GET", acme.path, headers, "acme-seal-1")
        refused(headers, server.send(acme.context, "GET", acme.path, headers), 401)

    @check("an institution with a space in its identifier registers, reads and leaves")
    def _():
        body = spaced.body(grant_types=["client_credentials"], token_endpoint_auth_method="private_key_jwt")
        headers = spaced.registration(body)
        client = accepted(headers, spaced.register(headers, body), 201)
        equal(client.get("client_id"), SPACED, "client_id")
        equal(client.get("registration_client_uri"), server.base_url + spaced.path, "registration_client_uri")
        equal(client.get("response_types"), [], "response_types")
        equal(client.get("token_endpoint_auth_method"), "tls_client_auth", "token_endpoint_auth_method")
        accepted(*spaced.request("GET", spaced.path), 200)
        accepted(*spaced.request("DELETE", spaced.path), 204)

    # What a registered client may not do

    @check("another organization registers, and cannot read the client")
    def _():
        body = other.body()
        headers = other.registration(body)
        client = accepted(headers, other.register(headers, body), 201)
        equal(client.get("client_id"), OTHER, "client_id")
        refused(*other.request("GET", acme.path), 403)
        accepted(*other.request("DELETE", other.path), 204)

    @check("a token on the connection of another organization")
    def _():
        headers = acme.headers()
        acme.seal.sign("GET", acme.path, headers, acme.kid)
        refused(headers, server.send(other.context, "GET", acme.path, headers), 401)

    @check("an answer that is not JSON is not acceptable")
    def _():
        _, answer = acme.request("GET", acme.path, Accept="text/html")
        equal(answer.status, 406, f"the status of {answer.text!r}")

    @check("a method that a client has not")
    def _():
        _, answer = acme.request("PATCH", acme.path)
        equal(answer.status, 405, f"the status of {answer.text!r}")

    @check("a path that is not for registrations")
    def _():
        for path in ["/stet/psd2/v1/accounts", "/stet/"]:
            _, answer = acme.request("GET", path)
            equal(answer.status, 400, f"the status of {answer.text!r}")

    # The end; nothing is left for the next run.

    @check("the client is deleted")
    def _():
        accepted(*acme.request("DELETE", acme.path), 204)

    @check("a deleted client is not found")
    def _():
        refused(*acme.request("GET", acme.path), 404)

    @check("a deleted client registers again")
    def _():
        body = acme.body()
        headers = acme.registration(body)
        equal(accepted(headers, acme.register(headers, body), 201).get("client_id"), ACME, "client_id")
        accepted(*acme.request("DELETE", acme.path), 204)

    finish()


run(demo["stet_base_url"], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[1]).with_name("server.pem"))
