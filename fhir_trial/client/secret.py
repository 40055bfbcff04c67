"""Secrets: from the environment or a file, shown to nobody."""

import os
from pathlib import Path


class Secret:
    """A text that no repr, log or error shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def from_environment(cls, name: str) -> "Secret":
        """The value of a variable; raises ValueError when it is not set."""
        text = os.environ.get(name, "").strip()
        if not text:
            raise ValueError(f"the environment variable {name} holds no secret")
        return cls(text)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> "Secret":
        """The content of a file without the line end; raises ValueError when there is none."""
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            # the reason without the content: a decoding error quotes what it met
            raise ValueError(f"cannot read a secret from {os.fspath(path)}") from (
                exc if isinstance(exc, OSError) else None
            )
        if not text:
            raise ValueError(f"{os.fspath(path)} holds no secret")
        return cls(text)

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


def scrubbed(text: str, secrets: list[str]) -> str:
    """Text without the secrets, which a server may have quoted back."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
