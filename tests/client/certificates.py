"""Certificates made for a test: an authority, a server, a client."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

PASSWORD = "k3y-pass"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM form; the client's key has the password above."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def server_context(self, *, wants_client: bool = False) -> ssl.SSLContext:
        """For a server that may want to see our certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server, self.server_key)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


def certificates(folder: Path) -> Certificates:
    """Makes all of them."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Test authority", ca_key, None, ca_key)
    found = Certificates(
        *(folder / f"{name}.pem" for name in ("ca", "server", "server-key", "client", "key"))
    )
    found.ca.write_bytes(ca.public_bytes(Encoding.PEM))
    _write(found.server, found.server_key, "localhost", ca, ca_key, NoEncryption())
    _write(
        found.client, found.client_key, "fhir-trial", ca, ca_key, BestAvailableEncryption(PASSWORD.encode())
    )
    return found


def _write(
    path: Path,
    key_path: Path,
    name: str,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    encryption: KeySerializationEncryption,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(_certificate(name, key, ca, ca_key).public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
    ca_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256())
