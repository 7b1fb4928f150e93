"""Agreement of definitions: who is called treatment-resistant by which of them.

Labels are packed to one number a patient, and patients counted by it. Of a few definitions a few
hundred patterns occur, however many patients there are; every pair follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from trdanalysis.analysis.intervals import divide

LABELS = ("trd", "not_trd", "indeterminate")

#: Cells of the three-by-three table: the label by ``definition``, then that by ``versus``.
CELLS = tuple(f"{one}_{other}" for one, other in product(LABELS, LABELS))

#: Measures of agreement on those labelled by both.
MEASURES = (
    "observed_agreement", "kappa", "ci_low", "ci_high", "jaccard", "positive_agreement",
    "negative_agreement",
)  # fmt: skip

#: Columns of agreement.csv, in order.
AGREEMENT_COLUMNS = (
    "definition", "versus", "n", *CELLS, "n_labelled", *MEASURES, "status", "reason",
)  # fmt: skip

#: Columns of overlaps.csv, in order.
OVERLAP_COLUMNS = ("definitions", "n_definitions", "n", "n_indeterminate", "status")

#: What stands in overlaps.csv for those whom no definition calls treatment-resistant.
NONE = "none"

# A label's digit in a packed number; 0 is for a definition by which there is no label.
_TRD, _NOT_TRD, _INDETERMINATE = range(1, 4)
_BASE = 4
#: Definitions that one 64-bit number holds.
_PER_NUMBER = 30

#: Below this a variance is rounding: in exact arithmetic it would be 0.
_NO_VARIANCE = 1e-12

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelPatterns:
    """Patients by all their labels.

    Attributes
    ----------
    definitions
        Ids, in the order of the run.
    labels
        One row per pattern, one column per definition: 1 `trd`, 2 `not_trd`, 3 `indeterminate`,
        0 where there is no label.
    count
        Patients of each pattern.
    """

    definitions: tuple[str, ...]
    labels: npt.NDArray[np.int8]
    count: Counts


def estimate_agreement_tables(
    labels: ir.Table, definitions: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Estimate ``agreement`` and ``overlaps``; see :func:`count_label_patterns` for parameters.

    With fewer than two definitions both are empty, and nobody is counted.
    """
    patterns = LabelPatterns((), np.zeros((0, 0), dtype=np.int8), np.zeros(0, dtype=np.int64))
    if len(definitions) > 1:
        patterns = count_label_patterns(labels, definitions)
    return {"agreement": estimate_agreement(patterns), "overlaps": estimate_overlaps(patterns)}


def count_label_patterns(labels: ir.Table, definitions: Sequence[str]) -> LabelPatterns:
    """Count patients by all their labels.

    Parameters
    ----------
    labels
        One row per patient and definition: ``patient_id``, ``definition``, ``label``.
    definitions
        Ids in the order of the run, at least one; rows of others are left out.
    """
    own = labels.filter(labels.definition.isin(list(definitions)))
    digit = ibis.cases(*((own.label == word, at) for at, word in enumerate(LABELS, 1)), else_=0)
    numbers = {}
    for start in range(0, len(definitions), _PER_NUMBER):
        part = definitions[start : start + _PER_NUMBER]
        place = ibis.cases(
            *((own.definition == name, ibis.literal(_BASE**at, "int64"))
              for at, name in enumerate(part)),
            else_=ibis.literal(0, "int64"),
        )  # fmt: skip
        numbers[f"number_{start}"] = (digit.cast("int64") * place).sum().cast("int64")
    packed = own.group_by("patient_id").agg(**numbers)
    counted: pd.DataFrame = (
        packed.group_by(list(numbers))
        .agg(patients=packed.count())
        .order_by(list(numbers))
        .to_pyarrow()
        .to_pandas()
    )
    found = np.zeros((len(counted), len(definitions)), dtype=np.int8)
    for at in range(len(definitions)):
        start = at - at % _PER_NUMBER
        number = counted[f"number_{start}"].to_numpy(dtype=np.int64)
        found[:, at] = number // _BASE ** (at - start) % _BASE
    return LabelPatterns(tuple(definitions), found, counted["patients"].to_numpy(dtype=np.int64))


def estimate_agreement(patterns: LabelPatterns) -> pd.DataFrame:
    """Estimate how far each two definitions agree.

    Parameters
    ----------
    patterns
        Patients by all their labels.

    Returns
    -------
    DataFrame
        One row per pair of definitions, the earlier of the run first, with
        :data:`AGREEMENT_COLUMNS`; patients of any age. ``n``: patients with a label by both,
        `indeterminate` too, the sum of the nine cells. ``n_labelled``: those whom neither leaves
        `indeterminate`, the sum of four cells; every measure is of them alone, null where it would
        divide by nothing. Shares: ``observed_agreement``, ``jaccard`` (TRD by both of TRD by
        either), ``positive_agreement`` and ``negative_agreement`` (of the labels `trd`, of the
        labels `not_trd`, how many the other definition shares). ``kappa`` is Cohen's with
        large-sample 95% limits, cut off at -1 and 1. ``status`` is of kappa: `not_estimable` where
        ``reason`` is `nobody` or `one_label` (a definition gives nobody, or everybody, the label
        `trd`: kappa is 0 or undefined, whoever is meant). Where it is `ok` and ``reason``
        `no_variance`, as where both always agree, there are no limits. Empty with fewer than two
        definitions.

    References
    ----------
    Cohen J (1960) Educ Psychol Meas 20:37-46.
    Fleiss JL, Cohen J, Everitt BS (1969) Psychol Bull 72:323-327.
    Cicchetti DV, Feinstein AR (1990) J Clin Epidemiol 43:551-558.
    """
    rows = [
        _compare(patterns, one, other)
        for one, other in combinations(range(len(patterns.definitions)), 2)
    ]
    table = pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))
    types = dict.fromkeys(("n", *CELLS, "n_labelled"), "Int64")
    types |= dict.fromkeys(MEASURES, "float64")
    types |= dict.fromkeys(("definition", "versus", "status", "reason"), "str")
    return table.astype(types)


def _compare(patterns: LabelPatterns, one: int, other: int) -> dict[str, Any]:
    pairs = patterns.labels[:, one].astype(np.int64) * _BASE + patterns.labels[:, other]
    added = np.bincount(pairs, weights=patterns.count, minlength=_BASE**2)
    # Sums of whole numbers, exact as floats up to 2**53. Who lacks a label is not of the pair.
    cells = added.astype(np.int64).reshape(_BASE, _BASE)[1:, 1:]
    return {
        "definition": patterns.definitions[one],
        "versus": patterns.definitions[other],
        "n": int(cells.sum()),
        **dict(zip(CELLS, cells.ravel().tolist(), strict=True)),
        **measure_agreement(cells[:2, :2]),
    }


def measure_agreement(table: Any) -> dict[str, Any]:
    """Measure the agreement of a two-by-two table, first row and column `trd`.

    Returns
    -------
    dict
        ``n_labelled``, :data:`MEASURES`, ``status`` and ``reason``; see
        :func:`estimate_agreement`.
    """
    counts = np.asarray(table, dtype=np.int64)
    (both, first), (second, neither) = counts.tolist()
    n, apart = both + first + second + neither, first + second
    kappa, low, high, reason = _estimate_kappa(counts)
    return {
        "n_labelled": n,
        "observed_agreement": float(divide(both + neither, n)),
        "kappa": kappa,
        "ci_low": low,
        "ci_high": high,
        "jaccard": float(divide(both, both + apart)),
        "positive_agreement": float(divide(2 * both, 2 * both + apart)),
        "negative_agreement": float(divide(2 * neither, 2 * neither + apart)),
        "status": "not_estimable" if np.isnan(kappa) else "ok",
        "reason": reason,
    }


def _estimate_kappa(table: Counts) -> tuple[float, float, float, str | None]:
    """Give kappa, its limits, and why there is none."""
    nothing = float("nan")
    if not table.sum():
        return nothing, nothing, nothing, "nobody"
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return nothing, nothing, nothing, "one_label"
    # statsmodels takes more than a second to import: only who needs it pays.
    from statsmodels.stats.inter_rater import cohens_kappa

    # Its results take the root of the variance at once, which rounding may put below 0.
    with np.errstate(invalid="ignore"):
        found = cohens_kappa(table)
    kappa = float(found.kappa)
    if not found.var_kappa * table.sum() > _NO_VARIANCE:
        return kappa, nothing, nothing, "no_variance"
    return kappa, max(-1.0, float(found.kappa_low)), min(1.0, float(found.kappa_upp)), None


def estimate_overlaps(patterns: LabelPatterns) -> pd.DataFrame:
    """Count patients by the set of definitions that call them treatment-resistant.

    Parameters
    ----------
    patterns
        Patients by all their labels.

    Returns
    -------
    DataFrame
        One row per set that occurs with :data:`OVERLAP_COLUMNS`; patients of any age, each in one
        row. ``definitions``: ids joined by ``"; "``, or :data:`NONE`; smaller sets first, then by
        the order of the run. ``n_indeterminate``: of ``n``, how many are `indeterminate` (or have
        no label) by at least one of the other definitions, so that the set may be larger. Empty
        with fewer than two definitions.
    """
    names = np.array(patterns.definitions, dtype=object)
    is_trd = patterns.labels == _TRD
    is_open = ((patterns.labels == _INDETERMINATE) | (patterns.labels == 0)).any(axis=1)
    rows = []
    if len(names) > 1 and len(is_trd):
        sets, which = np.unique(is_trd, axis=0, return_inverse=True)
        which = which.ravel()
        n = np.bincount(which, weights=patterns.count).astype(np.int64)
        of_them = np.bincount(which, weights=patterns.count * is_open).astype(np.int64)
        order = sorted(range(len(sets)), key=lambda at: (sets[at].sum(), (~sets[at]).tolist()))
        rows = [
            ("; ".join(names[sets[at]]) or NONE, int(sets[at].sum()), n[at], of_them[at], "ok")
            for at in order
        ]
    table = pd.DataFrame(rows, columns=list(OVERLAP_COLUMNS))
    types = dict.fromkeys(("n_definitions", "n", "n_indeterminate"), "Int64")
    return table.astype(types | {"definitions": "str", "status": "str"})
