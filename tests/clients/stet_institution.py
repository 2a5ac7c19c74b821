"""What a payment institution has: certificates of a certification authority made for them, and its metadata.

    stet_institution.py DIR     writes the authorities and what they issue
"""

import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ACME = "PSDFR-ACPR-12345"
OTHER = "PSDFR-ACPR-54321"
SPACED = "PSDMT-MFSA-A 12345"

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
    for prefix, organization in [("", ACME), ("other-", OTHER), ("spaced-", SPACED)]:
        web(organization, issuing).write(folder, f"{prefix}qwac")
        seal(organization, issuing).write(folder, f"{prefix}qseal", issuing)
    seal(ACME, issuing).write(folder, "renewed-qseal", issuing)
    foreign = authority("Foreign Issuing", 0, authority("Foreign Root", None))
    seal(ACME, foreign).write(folder, "foreign-qseal", foreign)


def metadata(organization, key, **members):
    """A registration of it, signed with that key; `members` are changes."""
    return {
        "redirect_uris": ["https://tpp.example/cb"],
        "token_endpoint_auth_method": "tls_client_auth",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "client_name": "ACME TPP SAS",
        "scope": "aisp,pisp",
        "provider_legal_id": organization,
        "software_id": "acme-app",
        "contact": {"contact_name": "Support", "email": "api@tpp.example", "phone_number": "+33100000000"},
        "jwks": {"keys": [key]},
        **members,
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder]:
            certificates(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
