"""Transport security: the authorities to trust, and the certificate that names us (mTLS)."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from fhir_trial.client.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM form; without any, the authorities that Python trusts."""

    ca: Path | None = None
    """Certificates of the authorities to trust instead of the usual ones."""
    certificate: Path | None = None
    """Our own certificate, with its chain."""
    key: Path | None = None
    """Its private key, if that stands in another file."""
    password: Secret | None = field(default=None, repr=False)
    """Of the private key."""

    def context(self) -> ssl.SSLContext:
        """Ready to use; raises ValueError when a file is not what it should be."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                # never None: OpenSSL would ask at the terminal
                word = self.password.reveal() if self.password else ""
                context.load_cert_chain(self.certificate, self.key, password=lambda: word)
        except OSError as exc:  # ssl.SSLError is one
            raise ValueError(f"cannot use the certificate files: {exc.strerror or exc}") from exc
        return context
