"""Who is who: pseudonyms of people and the private origin of their days.

The site's key comes from an environment variable, is used in memory, and stands in no message, no
mapping and no result.
"""

from __future__ import annotations

import ibis.expr.types as ir
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.readers.keys import derive_keyed_origin, derive_pseudonym, read_key_variable
from trdanalysis.readers.omop.mapping import OmopMapping


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
    return read_key_variable(mapping.key_variable)


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
            "pseudonym": pa.array(
                [derive_pseudonym(key, person) for person in persons], pa.string()
            ),
            "keyed_day": pa.array(
                [derive_keyed_origin(key, person) for person in persons], pa.int64()
            ),
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
