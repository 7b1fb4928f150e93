"""The site's key: pseudonyms of people, and private origins of their days, that nobody can undo
without it.

Both are HMAC-SHA-256 of the identifier under the key, so one person has one pseudonym and one
origin in every drop and with every reader. The key comes from an environment variable or from a
file outside the drop, is used in memory, and stands in no mapping, message, log or result.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from pydantic import model_validator

from trdanalysis.errors import UserError
from trdanalysis.settings import StrictModel

#: Shortest key that is accepted, in characters: identifiers are few, and a short key can be tried.
MIN_KEY_CHARACTERS = 16
#: Keyed origins lie within so many days (about 55 years) from 1970 on: too many to guess a date.
ORIGIN_SPAN_DAYS = 20_000
#: Hexadecimal digits of a pseudonym: 128 bits, so that no two people share one.
_PSEUDONYM_DIGITS = 32


class KeySettings(StrictModel):
    """Keys of a mapping that say whether identifiers are hashed, and where the site's key is.

    `key_file` is absolute or seen from the mapping's folder, and outside the drop.
    """

    hash_identifiers: bool = False
    key_variable: str | None = None
    key_file: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> KeySettings:
        if self.key_variable is not None and self.key_file is not None:
            raise ValueError("give either `key_variable` or `key_file`")
        if self.hash_identifiers and self.key_variable is None and self.key_file is None:
            raise ValueError(
                "`hash_identifiers: true` needs `key_variable`, the name of the environment"
                " variable that holds the site's key, or `key_file`"
            )
        return self


def read_settings_key(settings: KeySettings, mapping_path: Path, *, keyed: bool) -> bytes | None:
    """Give the site's key where the mapping hashes identifiers or keys origins, else None.

    Raises
    ------
    UserError
        Kind ``config``: a key is needed and none is named, it is not there, or it is too short.
    """
    if not settings.hash_identifiers and not keyed:
        return None
    if settings.key_file is not None:
        return _read_key_file(settings.key_file, mapping_path)
    if settings.key_variable is None:
        raise UserError(
            "a keyed origin needs the site's key",
            where=str(mapping_path),
            expected="`key_variable`, the name of an environment variable, or `key_file`",
            kind="config",
        )
    return read_key_variable(settings.key_variable)


def read_key_variable(name: str) -> bytes:
    """Read the site's key from an environment variable.

    Raises
    ------
    UserError
        Kind ``config``: the variable is not set, or its value is too short.
    """
    return _checked(os.environ.get(name, ""), f"environment variable {name}")


def _read_key_file(name: str, mapping_path: Path) -> bytes:
    folder = mapping_path.parent
    path = (folder / name).resolve()
    if path.is_relative_to(folder.resolve()):
        raise UserError(
            "the site's key must not lie in the drop's folder, beside what it protects",
            where=str(mapping_path),
            try_this="move it elsewhere, and give `key_file` its path",
            kind="config",
        )
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    return _checked(text, f"key file {name}")


def _checked(key: str, where: str) -> bytes:
    if len(key) < MIN_KEY_CHARACTERS:
        raise UserError(
            "the site's key is not set, or is too short",
            where=where,
            expected=f"at least {MIN_KEY_CHARACTERS} characters, the same for every drop",
            try_this="set it in the shell that starts the run, and keep it outside of the project",
            kind="config",
        )
    return key.encode()


def derive_pseudonym(key: bytes, person: str) -> str:
    """Give the pseudonym of a person, such as `p3f0...`."""
    return "p" + _digest(key, "patient_id", person)[:_PSEUDONYM_DIGITS]


def derive_keyed_origin(key: bytes, person: str) -> int:
    """Give the private origin of a person's days, itself a day counted from 1970-01-01."""
    return int(_digest(key, "origin", person), 16) % ORIGIN_SPAN_DAYS


def _digest(key: bytes, purpose: str, person: str) -> str:
    return hmac.new(key, f"{purpose}:{person}".encode(), hashlib.sha256).hexdigest()
