"""Pool the accepted tables of all drops into one cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from trdanalysis.ages import AgeBand, derive_age_band
from trdanalysis.contract import FACTORS, RECORDED_GROUPS, TABLES
from trdanalysis.layout import POOLED
from trdanalysis.parts import Part


@dataclass(frozen=True)
class AcceptedDrop:
    """What intake accepted of one drop: its id, its mode and its tables by name."""

    drop_id: str
    mode: str
    tables: dict[str, ir.Table]

    def of(self, part: Part) -> AcceptedDrop:
        """Give the rows of some of the patients."""
        tables = {name: part.of(table) for name, table in self.tables.items()}
        return AcceptedDrop(self.drop_id, self.mode, tables)


def pool_drops(drops: Sequence[AcceptedDrop]) -> dict[str, ir.Table]:
    """Pool drops, given in byte order of their ids.

    A patient who returns in a later snapshot is replaced whole; in an increment, rows replace rows
    of the same key and new rows are added. A quarantined trial stays a possible failure until a
    later drop brings a row of its key that is accepted, or the patient in a later snapshot.

    Returns
    -------
    dict
        Tables by the names of :data:`trdanalysis.layout.POOLED`, each with ``drop_id``. Keys are
        unique.
    """
    pooled = {}
    if len(drops) == 1:
        only = drops[0]
        return {name: _tagged(only, name, 0).drop("place") for name in POOLED}
    rows = {
        name: ibis.union(*(_tagged(drop, name, place) for place, drop in enumerate(drops)))
        for name in POOLED
    }
    snapshots = [place for place, drop in enumerate(drops) if drop.mode == "snapshot"]
    brought = rows["patients"].filter(rows["patients"].place.isin(snapshots or [-1]))
    since = brought.group_by("patient_id").agg(since=brought.place.max())
    for name, table in rows.items():
        joined = table.left_join(since, "patient_id").drop("patient_id_right")
        current = joined.filter(joined.place >= joined.since.fill_null(0)).drop("since")
        if name in TABLES:
            newest = ibis.window(group_by=list(TABLES[name].key))
            marked = current.mutate(newest=current.place.max().over(newest))
            current = marked.filter(marked.place == marked.newest).drop("newest")
        pooled[name] = current
    lost, good = pooled["quarantined_trials"], pooled["trials"]
    later = good.select("patient_id", "trial_id", mended_by="place")
    pooled["quarantined_trials"] = lost.anti_join(
        later, ["patient_id", "trial_id", lost.place < later.mended_by]
    )
    return {name: table.drop("place") for name, table in pooled.items()}


def _tagged(drop: AcceptedDrop, name: str, place: int) -> ir.Table:
    return drop.tables[name].mutate(
        drop_id=ibis.literal(drop.drop_id), place=ibis.literal(place, type="int64")
    )


def group_patients(
    drop: AcceptedDrop,
    left_out: Sequence[str],
    bands: Sequence[AgeBand],
    factor_groups: Mapping[str, Sequence[str]],
) -> AcceptedDrop:
    """Give a drop whose patients have age band and factor groups, ready to be pooled.

    Parameters are those of :func:`derive_patient_groups`.
    """
    patients = derive_patient_groups(drop.tables["patients"], left_out, bands, factor_groups)
    return AcceptedDrop(drop.drop_id, drop.mode, drop.tables | {"patients": patients})


def find_left_out_factors(patients: ir.Table) -> list[str]:
    """Name the factors of which a drop's accepted patients have no value at all."""
    factors = [factor for group in RECORDED_GROUPS for factor in FACTORS[group]]
    counts = patients.aggregate(**{name: patients[name].count() for name in factors})
    filled = counts.to_pyarrow().to_pylist()[0]
    return [name for name in factors if not filled[name]]


def derive_patient_groups(
    patients: ir.Table,
    left_out: Sequence[str],
    bands: Sequence[AgeBand],
    factor_groups: Mapping[str, Sequence[str]] = FACTORS,
) -> ir.Table:
    """Add the age band and the recorded factor groups to one drop's patients.

    A group is present when any of its factors is yes, absent when all are no, else unknown. Factors
    of which the drop has no value at all are left out of their group; a group of which nothing is
    left is unknown.

    Parameters
    ----------
    patients
        Accepted patients of one drop.
    left_out
        What :func:`find_left_out_factors` gives for them.
    bands
        The age bands.
    factor_groups
        The factors of each recorded group.
    """
    groups: dict[str, ir.Value] = {"age_band": derive_age_band(patients.age_years, bands)}
    for group in RECORDED_GROUPS:
        factors = [name for name in factor_groups[group] if name not in left_out]
        present: ir.BooleanValue = ibis.literal(False) if factors else ibis.null("boolean")
        for name in factors:
            present = present | patients[name]
        groups[group] = present
    return patients.mutate(**groups)
