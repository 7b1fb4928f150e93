"""Footnotes of tables: what was counted, of whom, what is hidden, how to make it again."""

from __future__ import annotations

from collections.abc import Sequence

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed

#: Said of every table in which labels are counted.
RECORDS_END = (
    "Diagnosis, functioning and exclusions are as of the record's end, and are not tied to the"
    " onset of resistance."
)
COUNTED = (
    "n: patients certainly in the population with a known outcome, the denominator of the rate."
    " Unknown: not certainly outside it, and membership or outcome unknown. Bounds: the rate if"
    " nobody of the unknown had the event, and if all had."
)
PROVEN = (
    "Of treatment resistance and pseudo-resistance the rate is the proven share: every certain"
    " member is in the denominator, and what is unknown counts as no. It is a lower bound"
    " (\N{LEFT DOUBLE QUOTATION MARK}at least\N{RIGHT DOUBLE QUOTATION MARK}); the bounds are the"
    " result."
)
ADULTS = "Adults and patients of unknown age; under-18s stand in the rows of their age bands only."
ASSOCIATED = "Factors are associated with the outcome; nothing here says that they cause it."
UNADJUSTED_P = "p: score test against the reference."


def about_table(
    disclosed: Disclosed,
    table_id: str,
    said: Sequence[str] = (),
    estimands: Sequence[str] = (),
    *,
    definition: str | None = None,
) -> tuple[str, ...]:
    """Write the footnotes of a whole table.

    Parameters
    ----------
    disclosed
        What the table is of.
    table_id
        For the command that makes it again.
    said
        Notes of its own, which come first.
    estimands
        Whose populations and events are told.
    definition
        In place of the primary one's name: which definitions it is of.
    """
    told = [_population(name, disclosed) for name in estimands]
    proven = any(name.startswith(("trd", "pseudo")) for name in estimands)
    primary = disclosed.definitions[0]
    which = definition or f"Definition: {primary['id']} ({str(primary['title']).rstrip('.')})."
    return (
        *said,
        *told,
        *([PROVEN, RECORDS_END] if proven else []),
        which,
        hidden_words(disclosed),
        records_words(disclosed),
        again_words(disclosed, table_id),
    )


def _population(name: str, disclosed: Disclosed) -> str:
    about = words.ESTIMANDS[name]
    # On the page one population refers to the one above it.
    population = about["population"].replace("as above", words.ESTIMANDS["trd"]["population"])
    return (
        f"{about['title']}: of {population}; event: {words.event_of(name, disclosed.nonresponse)}."
    )


def hidden_words(disclosed: Disclosed) -> str:
    """Say what the disclosure policy hides, and what a hidden cell means."""
    policy = disclosed.settings["policy"]
    name = f"Disclosure policy: {policy['id']}"
    most = policy["hide_counts_up_to"]
    if not most:
        return f"{name}, which hides nothing."
    text = (
        f"{name}. \N{LEFT DOUBLE QUOTATION MARK}{words.HIDDEN}\N{RIGHT DOUBLE QUOTATION MARK}: a"
        f" count from 1 to {most}, or a number from which such a count could be worked out; it does"
        " not mean zero."
    )
    if policy["round_to"]:
        text += f" Counts are rounded to multiples of {policy['round_to']}, and rates are of them."
    dropped = disclosed.hiding["dropped"]
    if dropped:
        text += f" Hidden as a whole: {words.listed('; '.join(dropped))}."
    return text


def records_words(disclosed: Disclosed) -> str:
    """Say which drops it is of, and whether these are of real people."""
    drops = disclosed.run["drops"]
    ids = ", ".join(str(drop["drop_id"]) for drop in drops) or "none"
    text = f"Drops: {ids}."
    invented = [str(drop["drop_id"]) for drop in drops if drop["synthetic"]]
    if invented and len(invented) == len(drops):
        text += " Synthetic records: invented, of nobody."
    elif invented:
        text += f" Of these synthetic: {', '.join(invented)}."
    if disclosed.run["draft"]:
        text += " DRAFT, for looking only: it may not leave the site."
    return text


def again_words(disclosed: Disclosed, table_id: str) -> str:
    """Say which commands make it again."""
    return (
        f"Made by trdanalysis {disclosed.run['version']}: {disclosed.run['command']}, then"
        f" python -m trdanalysis table {table_id}."
    )
