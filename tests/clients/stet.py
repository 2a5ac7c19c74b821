"""A payment institution that registers at a French bank by STET PSD2: over TLS with its qualified website certificate,
and with its seal under every request. `http.client` and `cryptography` speak for it, as there is no library.

    stet.py certificates DIR                            writes the authorities and what they issue
    stet.py run BASE_URL DIR SERVER_CERTIFICATE_PEM     prints one line per check and exits with 1 if one failed

It is started in another way than the clients with a demo.json, so it prints its lines itself. Refused registrations
come before the accepted one: nothing but their fault can be the reason.
"""

import base64
import datetime
import hashlib
import http.client
import json
import pathlib
import ssl
import sys
import urllib.parse
import uuid
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ACME = "PSDFR-ACPR-12345"
OTHER = "PSDFR-ACPR-54321"


# Certificates

QC_STATEMENTS = "1.3.6.1.5.5.7.1.3"
QC_COMPLIANCE = "0.4.0.1862.1.1"
QC_TYPE = "0.4.0.1862.1.6"
QC_TYPE_SEAL = "0.4.0.1862.1.6.2"
QC_TYPE_WEB = "0.4.0.1862.1.6.3"
PSD2 = "0.4.0.19495.2"
ROLES = [("0.4.0.19495.1.2", "PSP_PI"), ("0.4.0.19495.1.3", "PSP_AI")]
AUTHORITY_NAME = "Autorité de contrôle prudentiel et de résolution"
AUTHORITY_ID = "FR-ACPR"


def tlv(tag, content):
    """One value in DER."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*values):
    return tlv(0x30, b"".join(values))


def utf8(text):
    return tlv(0x0C, text.encode())


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in [first * 40 + second, *rest]:
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.insert(0, arc & 0x7F | 0x80)
        content += bytes(octets)
    return tlv(0x06, content)


def qc_statements(qc_type):
    roles = sequence(*(sequence(oid(role), utf8(name)) for role, name in ROLES))
    return sequence(
        sequence(oid(QC_COMPLIANCE)),
        sequence(oid(QC_TYPE), sequence(oid(qc_type))),
        sequence(oid(PSD2), sequence(roles, utf8(AUTHORITY_NAME), utf8(AUTHORITY_ID))),
    )


def key_usage(*names):
    known = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: name in names for name in known})


class Issued:
    """A key and its certificate, signed by `issuer` or by itself."""

    start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(days=1)
    lifetime = datetime.timedelta(days=365)

    def __init__(self, subject, extensions, issuer=None):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signer = issuer or self
        signing_key = signer.key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start)
            .not_valid_after(self.start + self.lifetime)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        self.certificate = builder.sign(signer.key, hashes.SHA256(), rsa_padding=padding.PKCS1v15())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, folder, name, *chain):
        """The certificate, with those of the chain after it, and the key."""
        (folder / f"{name}.pem").write_bytes(self.pem() + b"".join(issuer.pem() for issuer in chain))
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.key").write_bytes(key)


def authority(name, path_length, issuer=None):
    subject = x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Trust Services SA"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
    ]
    return Issued(subject, extensions, issuer)


def qualified(organization, name, issuer, extensions, qc_type):
    subject = x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ACME TPP SAS"),
        x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, organization),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])
    statements = x509.UnrecognizedExtension(x509.ObjectIdentifier(QC_STATEMENTS), qc_statements(qc_type))
    return Issued(subject, [(x509.BasicConstraints(False, None), True), *extensions, (statements, False)], issuer)


def web(organization, issuer):
    usages = [
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    ]
    return qualified(organization, "tpp.example", issuer, usages, QC_TYPE_WEB)


def seal(organization, issuer):
    usages = [(key_usage("digital_signature", "content_commitment"), True)]
    return qualified(organization, "ACME TPP seal", issuer, usages, QC_TYPE_SEAL)


def certificates(folder):
    """The server gets only the leaf on a connection, so the issuing authority is trusted as well as the root."""
    folder.mkdir(parents=True, exist_ok=True)
    root = authority("Root", None)
    issuing = authority("Issuing", 0, root)
    (folder / "ca.pem").write_bytes(root.pem() + issuing.pem())
    for prefix, organization in [("", ACME), ("other-", OTHER)]:
        web(organization, issuing).write(folder, f"{prefix}qwac")
        seal(organization, issuing).write(folder, f"{prefix}qseal", issuing)
    foreign = authority("Foreign Issuing", 0, authority("Foreign Root", None))
    seal(ACME, foreign).write(folder, "foreign-qseal", foreign)


# Checks

_failed = False


@contextmanager
def checking(name):
    """Prints the line of the check that runs inside."""
    global _failed
    try:
        yield
        print(f"ok stet: {name}", flush=True)
    except Exception as error:
        _failed = True
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"not ok stet: {name}: {reason}", flush=True)


def check(name):
    """Runs a check as soon as it is defined, and prints its line."""

    def run(body):
        with checking(name):
            body()

    return run


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, not {expected!r}")


def true(condition, message):
    if not condition:
        raise AssertionError(message)


# Requests

TOKEN = "/stet/psd2/oauth/token"
REGISTER = "/stet/setting/v1/register"
SEAL_URL = "https://s3.example/seal.pem"


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
        self.path = f"{REGISTER}/{organization}"
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
        return {
            "redirect_uris": ["https://tpp.example/cb"],
            "token_endpoint_auth_method": "tls_client_auth",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types": ["code"],
            "client_name": "ACME TPP SAS",
            "scope": "aisp,pisp",
            "provider_legal_id": self.organization,
            "software_id": "acme-app",
            "contact": {"contact_name": "Support", "email": "api@tpp.example", "phone_number": "+33100000000"},
            "jwks": {"keys": [self.seal.jwk(self.kid)]},
            **members,
        }

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


def run(base_url, folder, certificate):
    server = Server(base_url, certificate)
    acme = Institution(server, folder, ACME, "", "acme-seal-1")
    other = Institution(server, folder, OTHER, "other-", "other-seal-1")

    # Connections and tokens

    for name, institution in [("a token for the certificate", acme), ("a token for another organization", other)]:

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
        _, answer = acme.request("GET", "/stet/psd2/v1/accounts")
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

    sys.exit(_failed)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["certificates", folder]:
            certificates(pathlib.Path(folder))
        case ["run", base_url, folder, certificate]:
            run(base_url, pathlib.Path(folder), certificate)
        case _:
            sys.exit(__doc__)
