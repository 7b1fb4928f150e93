"""The table of scales: ranges, remission and impairment cut-offs."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.intake.names import derive_scale_key, normalise


@dataclass(frozen=True)
class Scale:
    """One scale. ``impaired_side`` is ``high`` where higher scores are worse, ``low`` where lower
    are.
    """

    name: str
    domain: str
    minimum: float
    maximum: float
    whole_numbers: bool
    remission_at_most: float | None
    impaired_from: float | None
    impaired_side: str | None


def read_scales(table: pd.DataFrame) -> tuple[Scale, ...]:
    """Make :class:`Scale` rows of ``config/reference/scales.csv``, in the file's order.

    The order matters: where a trial's own scale will not do, the first scale with both scores is
    used.
    """

    def number(text: str) -> float | None:
        return float(text) if text else None

    return tuple(
        Scale(
            name=row["scale"],
            domain=row["domain"],
            minimum=float(row["minimum"]),
            maximum=float(row["maximum"]),
            whole_numbers=row["whole_numbers"] == "yes",
            remission_at_most=number(row["remission_at_most"]),
            impaired_from=number(row["impaired_from"]),
            impaired_side=row["impaired_side"] or None,
        )
        for row in table.to_dict("records")
    )


def of_domain(scales: tuple[Scale, ...], domain: str) -> tuple[Scale, ...]:
    """Give the scales of one domain, ``symptom`` or ``function``, in order."""
    return tuple(scale for scale in scales if scale.domain == domain)


def derive_scale(text: ir.StringValue, scales: tuple[Scale, ...]) -> ir.StringValue:
    """Give the canonical name of a scale; null where it is unrecognised or empty."""
    key = derive_scale_key(text)
    return ibis.cases(
        *((key == normalise(scale.name, drug=False), scale.name) for scale in scales),
        else_=ibis.null("string"),
    )


def is_in_range(
    score: ir.NumericValue, scale: ir.StringValue, scales: tuple[Scale, ...]
) -> ir.BooleanValue:
    """Tell whether a score can be had on its scale; yes where the scale is unknown."""
    branches = []
    for known in scales:
        fits = (score >= known.minimum) & (score <= known.maximum)
        if known.whole_numbers:
            fits = fits & (score == score.floor())
        branches.append((scale == known.name, fits))
    return ibis.cases(*branches, else_=ibis.literal(True))


def derive_of_scale(
    scale: ir.StringValue, scales: tuple[Scale, ...], attribute: str
) -> ir.FloatingValue:
    """Give a numeric attribute of a row's scale; null where the scale has none or is unknown."""
    return ibis.cases(
        *(
            (scale == known.name, float(getattr(known, attribute)))
            for known in scales
            if getattr(known, attribute) is not None
        ),
        else_=ibis.null("float64"),
    )
