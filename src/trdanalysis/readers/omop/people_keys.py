"""Who is who: pseudonyms of people and the private origin of their days.

The site's key comes from an environment variable, is used in memory, and stands in no message, no
mapping and no result.
"""

from __future__ import annotations

import hashlib
import hmac
import os

import ibis.expr.types as ir
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.mapping import OmopMapping

#: Shortest key that is accepted, in characters.
MIN_KEY_CHARACTERS = 16
#: Keyed origins lie within so many days (about 55 years) from 1970 on: too many to guess a date.
ORIGIN_SPAN_DAYS = 20_000
#: Hexadecimal digits of a pseudonym: 128 bits, so that no two people share one.
_PSEUDONYM_DIGITS = 32


def read_key(mapping: OmopMapping) -> bytes | None:
    """Give the site's key, or None where the mapping needs none.

    Raises
    ------
    UserError
        Kind ``config``: the environment variable is not set, or its value is too short.
    """
    if not mapping.hash_identifiers and mapping.origin != "keyed":
        return None
    assert mapping.key_variable is not None
    key = os.environ.get(mapping.key_variable, "")
    if len(key) < MIN_KEY_CHARACTERS:
        raise UserError(
            "the site's key is not set, or is too short",
            where=f"environment variable {mapping.key_variable}",
            expected=f"at least {MIN_KEY_CHARACTERS} characters, the same for every drop",
            try_this="set it in the shell that starts the run, and keep it outside of the project",
            kind="config",
        )
    return key.encode()


def derive_people_keys(
    engine: Engine,
    people: ir.Table,
    first_days: ir.Table,
    mapping: OmopMapping,
    key: bytes | None,
) -> ir.Table:
    """Give each person a pseudonym and an origin.

    Parameters
    ----------
    engine
        Keeps the result.
    people
        ``person``, once each: everyone in any table.
    first_days
        ``person``, ``first_day``: where days are counted from without a key.
    mapping
        Says what is asked for.
    key
        The site's key.

    Returns
    -------
    Table
        One row a person: ``person``, ``patient_id``, ``origin`` (days from 1970; null where nothing
        is dated).
    """
    if key is None:
        joined = people.left_join(first_days, "person").drop("person_right")
        return engine.keep(
            joined.select("person", patient_id=joined.person, origin=joined.first_day)
        )
    persons = people.select("person").to_pyarrow().column("person").to_pylist()
    table = pa.table(
        {
            "person": pa.array(persons, pa.string()),
            "pseudonym": pa.array([_pseudonym(key, person) for person in persons], pa.string()),
            "keyed_day": pa.array([_origin(key, person) for person in persons], pa.int64()),
        }
    )
    keyed = engine.from_memory(table)
    joined = keyed.left_join(first_days, "person").drop("person_right")
    return engine.keep(
        joined.select(
            "person",
            patient_id=joined.pseudonym if mapping.hash_identifiers else joined.person,
            origin=joined.keyed_day if mapping.origin == "keyed" else joined.first_day,
        )
    )


def _digest(key: bytes, purpose: str, person: str) -> str:
    return hmac.new(key, f"{purpose}:{person}".encode(), hashlib.sha256).hexdigest()


def _pseudonym(key: bytes, person: str) -> str:
    return "p" + _digest(key, "patient_id", person)[:_PSEUDONYM_DIGITS]


def _origin(key: bytes, person: str) -> int:
    return int(_digest(key, "origin", person), 16) % ORIGIN_SPAN_DAYS
