"""Scores of a trial: its own, or filled from the patient's ratings."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale
from trdanalysis.labelling import windows
from trdanalysis.labelling.exposure import derive_next_day, is_ongoing
from trdanalysis.labelling.failures import Keeper

#: A scale of change: its endpoint alone is an outcome.
CHANGE_SCALE = "CGI-I"

#: The columns that filling may replace.
SCORE_COLUMNS = ("scale", "baseline_score", "baseline_day", "endpoint_score", "endpoint_day")


def endpoint_from_day(table: ir.Table, *, defaults: bool) -> ir.IntegerValue:
    """Give the first day of the endpoint's window, relative to the start.

    An unknown stop sets no bound of its own.
    """
    length = table.stop_day - table.start_day
    stop = (length < windows.FULL_TRIAL_DAYS).ifelse(length, windows.FULL_TRIAL_DAYS)
    bound = ibis.cases(
        (table.stop_day.notnull(), stop - windows.ENDPOINT_BEFORE_END_DAYS),
        (
            is_ongoing(table, defaults=defaults),
            ibis.literal(windows.FULL_TRIAL_DAYS - windows.ENDPOINT_BEFORE_END_DAYS),
        ),
        else_=ibis.literal(windows.ENDPOINT_FROM_DAY),
    )
    return (bound > windows.ENDPOINT_FROM_DAY).ifelse(bound, windows.ENDPOINT_FROM_DAY)


def endpoint_to_day(table: ir.Table) -> ir.IntegerValue:
    """Give the last day of the endpoint's window, relative to the start."""
    after_stop = table.stop_day - table.start_day + windows.ENDPOINT_AFTER_STOP_DAYS
    after_next = table.next_day - table.start_day + windows.ENDPOINT_AFTER_NEXT_DAYS
    latest = ibis.literal(windows.ENDPOINT_TO_DAY)
    for bound in (after_stop, after_next):
        latest = (bound < latest).fill_null(False).ifelse(bound, latest)
    return latest


def derive_own_scores(engine: Keeper, table: ir.Table, *, can_be_filled: bool) -> ir.Table:
    """Leave a trial only the scores that stand on a recognised scale, and add ``next_day``.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    table
        Trials after :func:`trdanalysis.labelling.exposure.derive_treatment`.
    can_be_filled
        Whether there are ratings from which a trial that lacks a score may get one.

    Returns
    -------
    Table
        The same rows; ``lacks_score`` tells which may be filled, ``filled`` is false.
    """
    lost = table.scale.isnull()
    table = table.mutate(
        baseline_score=lost.ifelse(ibis.null("float64"), table.baseline_score),
        endpoint_score=lost.ifelse(ibis.null("float64"), table.endpoint_score),
        filled=ibis.literal(False),
    )
    needs_baseline = (table.scale != CHANGE_SCALE).fill_null(True)
    table = table.mutate(
        lacks_score=(table.baseline_score.isnull() & needs_baseline) | table.endpoint_score.isnull()
    )
    latest = table.start_day + windows.ENDPOINT_TO_DAY
    of_lacking = latest if can_be_filled else ibis.null("int64")
    return derive_next_day(engine, table, table.lacks_score.ifelse(of_lacking, table.endpoint_day))


@dataclass(frozen=True)
class Offers:
    """What the patients' ratings offer to trials that lack a score, one row a filled trial.

    Attributes
    ----------
    usual
        With a trial without a stop read as ongoing.
    bare
        With such a trial ended on an unknown day. Only its window differs, so only its row may.
    """

    usual: ir.Table
    bare: ir.Table


def choose_offers(
    engine: Keeper, table: ir.Table, assessments: ir.Table, scales: tuple[Scale, ...]
) -> Offers:
    """Choose the ratings that fill the scores that trials lack.

    On the trial's own scale if both scores can then be had, else on the first scale of the table of
    scales on which the ratings have both; scales are never mixed.

    Parameters
    ----------
    engine
        Keeps what is chosen, of which several tables are made.
    table
        Trials with exposure, after :func:`derive_own_scores`.
    assessments
        Accepted ratings: ``patient_id``, ``day``, ``scale``, ``score``.
    scales
        Symptom scales in their order.
    """
    lacking = table.filter(table.lacks_score).mutate(
        to_day=endpoint_to_day(table), ongoing=is_ongoing(table, defaults=True)
    )
    usual = lacking.mutate(from_day=endpoint_from_day(lacking, defaults=True))
    chosen = engine.keep(_choose(_offers(usual, assessments), scales))
    without_stop = lacking.filter(lacking.ongoing)
    bare = without_stop.mutate(from_day=endpoint_from_day(without_stop, defaults=False))
    chosen_bare = engine.keep(_choose(_offers(bare, assessments), scales))
    return Offers(chosen, ibis.union(chosen.filter(~chosen.ongoing), chosen_bare))


def _offers(lacking: ir.Table, assessments: ir.Table) -> ir.Table:
    """Give, per trial and scale, the baseline and endpoint that the ratings offer."""
    ratings = assessments.filter(assessments.scale.notnull() & assessments.score.notnull()).select(
        "patient_id", rating_day="day", rating_scale="scale", score="score"
    )
    trial = lacking.select(
        "patient_id", "trial_id", "start_day", "from_day", "to_day", "ongoing", own_scale="scale",
        own_baseline="baseline_score", own_endpoint="endpoint_score",
    )  # fmt: skip
    pairs = trial.join(ratings, "patient_id")
    pairs = pairs.mutate(day=pairs.rating_day - pairs.start_day)
    # A scale of change needs no baseline, so none is taken.
    has_baseline = pairs.rating_scale != CHANGE_SCALE
    before = has_baseline & pairs.day.between(windows.BASELINE_FROM_DAY, 0)
    after = has_baseline & pairs.day.between(1, windows.BASELINE_TO_DAY)
    inside = pairs.day.between(pairs.from_day, pairs.to_day)
    early = inside & (pairs.day <= windows.ENDPOINT_PREFERRED_TO_DAY)
    late = inside & (pairs.day > windows.ENDPOINT_PREFERRED_TO_DAY)
    keys = ["patient_id", "trial_id", "rating_scale"]
    return (
        pairs.filter(before | after | inside)
        .group_by(keys)
        .agg(
            ongoing=pairs.ongoing.max(),
            own_scale=pairs.own_scale.max(),
            own_baseline=pairs.own_baseline.max(),
            own_endpoint=pairs.own_endpoint.max(),
            baseline_score=pairs.score.argmax(pairs.day, where=before).coalesce(
                pairs.score.argmin(pairs.day, where=after)
            ),
            baseline_day=pairs.rating_day.max(where=before).coalesce(
                pairs.rating_day.min(where=after)
            ),
            endpoint_score=pairs.score.argmax(pairs.day, where=early).coalesce(
                pairs.score.argmin(pairs.day, where=late)
            ),
            endpoint_day=pairs.rating_day.max(where=early).coalesce(
                pairs.rating_day.min(where=late)
            ),
        )
    )


def _choose(offers: ir.Table, scales: tuple[Scale, ...]) -> ir.Table:
    """Keep the one offer by which each trial is filled."""
    is_change = offers.rating_scale == CHANGE_SCALE
    is_own = (offers.rating_scale == offers.own_scale).fill_null(False)
    has_endpoint = offers.endpoint_score.notnull()
    has_both = has_endpoint & (is_change | offers.baseline_score.notnull())
    own_has_both = (has_endpoint | offers.own_endpoint.notnull()) & (
        is_change | offers.baseline_score.notnull() | offers.own_baseline.notnull()
    )
    place = ibis.cases(
        *((offers.rating_scale == scale.name, place) for place, scale in enumerate(scales)),
        else_=ibis.null("int64"),
    )
    ranked = offers.mutate(
        rank=ibis.cases((is_own & own_has_both, -1), (has_both, place), else_=ibis.null("int64")),
        keeps_own=is_own,
    )
    ranked = ranked.filter(ranked["rank"].notnull())
    best = ranked.group_by(["patient_id", "trial_id"]).agg(rank=ranked["rank"].min())
    return ranked.semi_join(best, ["patient_id", "trial_id", "rank"])


def derive_filled_scores(table: ir.Table, chosen: ir.Table) -> ir.Table:
    """Replace the scores that trials lack by those that ratings offer.

    Parameters
    ----------
    table
        Trials with exposure, after :func:`derive_own_scores`.
    chosen
        One of :class:`Offers`.

    Returns
    -------
    Table
        The same rows; the score columns replaced where filled, days included; ``filled`` says so.
    """
    offer = chosen.select(
        "patient_id", "trial_id", "keeps_own", offer_scale="rating_scale",
        **{f"offer_{name}": chosen[name] for name in SCORE_COLUMNS if name != "scale"},
    )  # fmt: skip
    joined = table.left_join(offer, ["patient_id", "trial_id"]).drop(
        "patient_id_right", "trial_id_right"
    )
    is_filled = joined.offer_scale.notnull()
    changes: dict[str, ir.Value] = {
        "scale": joined.offer_scale.coalesce(joined.scale),
        "filled": is_filled,
    }
    for which in ("baseline", "endpoint"):
        own = joined.keeps_own.fill_null(False) & joined[f"{which}_score"].notnull()
        takes = is_filled & ~own
        for part in ("score", "day"):
            name = f"{which}_{part}"
            changes[name] = takes.ifelse(joined[f"offer_{name}"], joined[name])
        bad = f"{which}_day_is_bad"
        changes[bad] = joined[bad] & ~takes
    return joined.mutate(**changes).drop(
        "keeps_own", "offer_scale", *(f"offer_{name}" for name in SCORE_COLUMNS if name != "scale")
    )
