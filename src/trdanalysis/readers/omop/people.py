"""People of an OMOP drop: what becomes of persons, observation periods, records and scores."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.concepts import Concepts
from trdanalysis.readers.omop.mapping import OmopMapping
from trdanalysis.readers.omop.records import MAYBE, derive_answers
from trdanalysis.readers.omop.source import Only, Source
from trdanalysis.readers.omop.values import (
    derive_concept,
    derive_epoch_day,
    derive_id,
    derive_number,
)
from trdanalysis.readers.raw_drop import NOT_RECODED, UNREADABLE

_SEXES = {8507: "male", 8532: "female", 8521: "other"}
#: "Unknown" and "ambiguous" of the gender vocabulary; 0 says the same.
_NO_SEX = (8551, 8570)
#: Ages above are top-coded; above the second they are no ages.
_TOP_AGE, _HIGHEST_AGE = 90, 120
_SCORES = {
    "measurement": ("measurement_concept_id", "measurement", ("value_as_number",)),
    "observation": (
        "observation_concept_id",
        "observation",
        ("value_as_number", "value_as_string"),
    ),
}


def read_persons(source: Source) -> ir.Table:
    """Read the table of persons: ``person``, ``sex``, ``born``, ``site``, ``line``.

    ``born`` is a day counted from 1970: the birth date, else the first day of the month of birth,
    else the 1st of July of the year of birth; null where the year cannot be read. ``born_given``
    says whether anything was recorded, ``born_about`` whether the day or month was not.
    """
    if "person" not in source.tables():
        raise UserError(
            "required table is missing: person",
            where=f"{len(source.tables())} table(s) were found",
            expected="a table named as in the data model",
        )
    names = (
        "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth",
        "birth_datetime", "care_site_id",
    )  # fmt: skip
    raw = source.read("person", names)
    year, month, day = (
        derive_number(raw[name]) for name in ("year_of_birth", "month_of_birth", "day_of_birth")
    )
    made = (
        _padded(year, 4) + "-" + _padded(month.fill_null(7.0), 2) + "-"
        + _padded(month.notnull().ifelse(day.fill_null(1.0), 1.0), 2)
    )  # fmt: skip
    gender = derive_concept(raw.gender_concept_id)
    exact = derive_epoch_day(raw.birth_datetime)
    return raw.select(
        person=derive_id(raw.person_id),
        sex=ibis.cases(
            (gender.isnull() | gender.isin(_NO_SEX), ibis.null("string")),
            *((gender == concept, ibis.literal(word)) for concept, word in _SEXES.items()),
            else_=ibis.literal(NOT_RECODED),
        ),
        born=exact.coalesce(derive_epoch_day(made)),
        born_about=exact.isnull()
        & derive_epoch_day(made).notnull()
        & (month.isnull() | day.isnull()),
        born_given=raw.birth_datetime.notnull() | raw.year_of_birth.notnull(),
        site=derive_id(raw.care_site_id),
        line=raw.line,
    )


def _padded(number: ir.FloatingValue, digits: int) -> ir.StringValue:
    return number.cast("int64").cast("string").lpad(digits, "0")


def read_periods(engine: Engine, source: Source) -> ir.Table | None:
    """Read observation periods.

    One row a person: ``first_day``, ``last_observed``; and ``ends_unreadable``, whether an end was
    given that is no date. None where the drop has no such table.
    """
    if "observation_period" not in source.tables():
        return None
    raw = source.read(
        "observation_period",
        (
            "person_id",
            "observation_period_start_date",
            "observation_period_start_datetime",
            "observation_period_end_date",
            "observation_period_end_datetime",
        ),
    )
    end = raw.observation_period_end_date.coalesce(raw.observation_period_end_datetime)
    rows = raw.select(
        person=derive_id(raw.person_id),
        start=derive_epoch_day(
            raw.observation_period_start_date.coalesce(raw.observation_period_start_datetime)
        ),
        end=derive_epoch_day(end),
        bad_end=end.notnull() & derive_epoch_day(end).isnull(),
    )
    return engine.keep(
        rows.group_by("person").agg(
            first_day=rows.start.min(),
            last_observed=rows.end.max(),
            ends_unreadable=rows.bad_end.max(),
        )
    )


def read_scores(engine: Engine, source: Source, concepts: Concepts, name: str) -> ir.Table | None:
    """Read total scores of scales: ``person``, ``scale``, ``score``, ``day``, ``day_given``.

    They stand in measurement and observation; None where the drop has neither.
    """
    members = concepts.of(name).select("concept_id", scale="becomes").distinct()
    ids = tuple(str(one) for one in members.to_pyarrow().column("concept_id").to_pylist())
    parts = []
    for table, (concept, date, values) in _SCORES.items():
        if table not in source.tables():
            continue
        columns = ("person_id", concept, f"{date}_date", f"{date}_datetime", *values)
        raw = source.read(table, columns, Only(concept, tuple(dict.fromkeys(ids))))
        given = raw[f"{date}_date"].coalesce(raw[f"{date}_datetime"])
        parts.append(
            raw.select(
                person=derive_id(raw.person_id),
                concept_id=derive_concept(raw[concept]),
                day=derive_epoch_day(given),
                day_given=given.notnull(),
                score=ibis.coalesce(*(raw[value] for value in values)),
                line=raw.line,
            )
        )
    if not parts:
        return None
    stacked = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return engine.keep(stacked.join(members, "concept_id").drop("concept_id"))


def derive_patients(
    persons: ir.Table,
    people: ir.Table,
    first_starts: ir.Table,
    records: ir.Table,
    no_is_known: frozenset[str],
    mapping: OmopMapping,
) -> ir.Table:
    """Make the raw table of patients: text and ``line``.

    Parameters
    ----------
    persons
        See :func:`read_persons`.
    people
        ``person``, ``patient_id``, ``origin``, ``last_observed``, ``ends_unreadable``.
    first_starts
        ``person``, ``first_start``: the day the first trial began.
    records
        See :func:`trdanalysis.readers.omop.records.read_records`.
    no_is_known
        Columns for which having no record means no.
    mapping
        Which columns come from which concept set, and what having no record means.
    """
    table = persons.left_join(people, "person").drop("person_right")
    table = table.left_join(first_starts, "person").drop("person_right")
    told = derive_answers(records, people, mapping)
    table = table.left_join(told, "person").drop("person_right")
    if mapping.people == "treated_or_diagnosed":
        diagnosed = table.mdd_diagnosis if "mdd_diagnosis" in told.columns else ibis.literal(False)
        table = table.filter(table.first_start.notnull() | diagnosed.fill_null(False))
    answers = {}
    nothing = ibis.null("string")
    for name in mapping.conditions:
        otherwise = ibis.literal("no") if name in no_is_known else nothing
        answers[name] = ibis.cases(
            (table[name].fill_null(False), ibis.literal("yes")),
            (table[f"{MAYBE}{name}"].fill_null(False), nothing),
            else_=otherwise,
        )
    last = (table.last_observed - table.origin).cast("string")
    lost = table.ends_unreadable.fill_null(False).ifelse(UNREADABLE, ibis.null("string"))
    site = {"site": "site-" + table.site} if mapping.site == "care_site_id" else {}
    return table.select(
        "patient_id",
        "sex",
        **site,
        age_years=_age_text(table),
        last_observed_day=last.coalesce(lost),
        **answers,
        line=table.line,
    )


def _age_text(table: ir.Table) -> ir.StringValue:
    """Completed years at the first trial, top-coded; null without a trial."""
    born = (ibis.date(1970, 1, 1) + table.born.as_interval("D")).cast("date")
    then = (ibis.date(1970, 1, 1) + table.first_start.as_interval("D")).cast("date")
    early = (then.month() * 100 + then.day()) < (born.month() * 100 + born.day())
    age = then.year() - born.year() - early.cast("int64")
    return ibis.cases(
        (table.first_start.isnull(), ibis.null("string")),
        (~table.born_given, ibis.null("string")),
        ((age > _HIGHEST_AGE) | age.isnull(), ibis.literal(UNREADABLE)),
        (age > _TOP_AGE, ibis.literal(str(_TOP_AGE))),
        else_=age.cast("string"),
    )


def derive_assessments(scores: ir.Table, people: ir.Table) -> ir.Table:
    """Make the raw table of assessments: text and ``line``."""
    table = scores.left_join(people, "person").drop("person_right")
    day = (table.day - table.origin).cast("string")
    return table.select(
        "patient_id",
        day=day.coalesce(table.day_given.ifelse(ibis.literal(UNREADABLE), ibis.null("string"))),
        scale=table.scale,
        score=table.score,
        line=table.line,
    )
