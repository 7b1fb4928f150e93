"""Age bands, made from the first age of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

#: Patients under this age are analysed apart.
ADULT_FROM_YEARS = 18


@dataclass(frozen=True)
class AgeBand:
    """One age band; both ages belong to it, and ``to_years`` is None in the open last band."""

    label: str
    from_years: int
    to_years: int | None

    @property
    def is_adult(self) -> bool:
        """Tell whether the band lies above childhood."""
        return self.from_years >= ADULT_FROM_YEARS


def age_bands(from_years: Sequence[int]) -> tuple[AgeBand, ...]:
    """Make the bands that begin at the given ascending ages, the first at 0."""
    bands = []
    for place, first in enumerate(from_years):
        if place + 1 == len(from_years):
            bands.append(AgeBand(f"{first} and over", first, None))
        elif first == 0:
            bands.append(AgeBand(f"under {from_years[1]}", 0, from_years[1] - 1))
        else:
            bands.append(
                AgeBand(f"{first}-{from_years[place + 1] - 1}", first, from_years[place + 1] - 1)
            )
    return tuple(bands)


def derive_age_band(age_years: ir.IntegerValue, bands: Sequence[AgeBand]) -> ir.StringValue:
    """Give the label of the band an age falls into; null where the age is unknown."""
    return ibis.cases(
        *((age_years >= band.from_years, band.label) for band in reversed(bands)),
        else_=ibis.null("string"),
    )
