"""The page docs/simulation-check.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import trdanalysis
from tests.simulation.bounds import BoundCount
from tests.simulation.clustered import CLUSTERS, EQUATIONS
from tests.simulation.counted import INTERACTION, SURVIVAL, TRENDS
from tests.simulation.design import SEED, Row, percent
from tests.simulation.drops import PATIENTS, DropRate
from tests.simulation.exact import EQUIVALENCE, ONE_RATE, TESTS, TWO_RATES
from tests.simulation.missing import IMPUTED
from tests.simulation.question_drops import KINDS, QUESTIONS_ASKED
from tests.simulation.question_drops import PATIENTS as ASKED_PATIENTS
from tests.simulation.regression import MODELS
from tests.simulation.true_answers import POPULATION

#: What was simulated, and what to know when reading; tables in this order.
REMARKS = {
    ONE_RATE: """Every possible count, with its binomial chance: no simulation. The truth goes from
the first to the last p in steps of 0.001.""",
    TWO_RATES: """Every possible pair of counts, with its chance: no simulation. Where a group has
no event there is no ratio; coverage is then of the pairs that have one.""",
    CLUSTERS: """Patients with 1 to 6 trials, all numbers alike in chance; a risk of their own from
a beta distribution, so that two trials of a patient have the correlation given.""",
    EQUATIONS: """Patients with 1 to 6 trials; a yes-or-no exposure that goes with another term of
the patient, which has a risk ratio of 1.3. The robust variance has no small-sample factor, so that
limits are somewhat narrow with few patients.""",
    INTERACTION: """Two by two groups of one size. Risks: neither exposure, the second, the first,
both. The relative excess risk is a sum of ratios that share a small denominator: its symmetric
limits (delta method) are too wide where few events are expected with neither exposure.""",
    TRENDS: """Adult bands with scores 1, 2, ...; risks on a straight line. The variance is that of
one pooled risk, as in the test: right where the risks are alike, too wide where they are far apart
(from 10% to 70% in the steepest design). For the same reason the test of departure finds a little
too much where the smaller bands have risks nearer to a half, and too little on a steep line.""",
    MODELS: """A yes-or-no exposure that goes with two covariates, all in the model. Of the
patients: the truth is standardised over the very patients of the repetition, as the method
promises. Of the population: over everybody they could have been. Firth: few or no events in a
cell. Wald limits of the standardised difference are a little narrow with 100 patients: they take
quantiles of the normal distribution though the standard error is itself an estimate.""",
    SURVIVAL: """Exponential times in whole days; follow-up of everybody ends on a day of its own.
Without an event by that day there are no limits.""",
    IMPUTED: """A share with the event, pooled from 20 data sets. The outcome is missing at random
given a factor that goes with it; the factor is missing at random given a third variable.""",
    QUESTIONS_ASKED: f"""Simulated drops of {ASKED_PATIENTS} patients with what is planted for each
question ([simulation.md](simulation.md)): {", ".join(f"{n} {kind}" for kind, n in KINDS.items())}.
Limits: do they hold what is true of everybody who could have been simulated (of {POPULATION}
others, or as planted)? Bounds: do they hold what is true of the very patients? The column
`not estimable` says how many numbers were counted; those of one drop go together, and the error is
that between drops. With holes limits are asked to hold the truth only where values are missing at
random. `missing for what they are`: symptoms that are there, poor adherence and the outcome of
failed trials are left out more often. Two kinds of bounds are of what records know, not of what was
so: `next_step` counts from the onset that is proven, and where an earlier failure cannot be proven
that is later than the true one; `severity` is that of the last known rating.""",
    TESTS: """Share of p-values under 0.05 where there is nothing to find. Exact tests and tests of
sparse data may keep far below; there only too much is asked about. The score test jumps with every
count, so that its level swings about 5% with n.""",
    EQUIVALENCE: """The true rate is the reference of 30% less or plus the margin of 5 points: it is
not equivalent, and at most 5% of cohorts should say so. Score limits keep their level on average
only: it swings a little about 5% with n.""",
}


def write_page(rows: Sequence[Row], bounds: Sequence[BoundCount], drops: Sequence[DropRate]) -> str:
    """Write the page."""
    outside = [row for row in rows if row.within == "no"]
    asked = [row for row in rows if row.within != "-"]
    # Numbers below count what was asked; rows not asked stand there to be read.
    within_bounds = all(one.within == one.rates for one in bounds)
    parts = [
        "# Check of the statistics by simulation",
        f"""Made by `make simulate-check` (about ten minutes on two cores) with trdanalysis
{trdanalysis.__version__}, seed {SEED}. A run on the same versions gives the same bytes, however
many processes share the work. Edit `tests/simulation/`, not this page.""",
        """Whether limits hold the truth as often as they say, and tests find something as often as
they may, where the truth is known because it was simulated. Nothing here is a finding about
depression. The code that runs is that of the analysis.""",
        f"""**{len(asked) - len(outside)} of {len(asked)} numbers are within what was asked, \
{len(outside)} are not. Bounds hold the rate of the whole records """
        f"""{"always" if within_bounds else "NOT always"}.**""",
        """Asked were: coverage of 95% limits from 93 to 97%, from 91 to 98% with fewer than 50
patients where each has several trials; false positives at 5% from 3 to 7% (2 to 9%), exact tests
and Holm's families only at most 7%; `equivalent` at the edge of the margin at most 5%; bounds
always. A number is judged as it came, without allowance for its Monte Carlo standard error.
`Not estimable`: repetitions without limits or p-value; they are left out of the share.""",
    ]
    if outside:
        parts += ["## Outside what was asked", _table(outside, with_kind=True)]
    for table, remark in REMARKS.items():
        own = [row for row in rows if row.table == table]
        if own:
            parts += [f"## {table}", remark, _table(own)]
    parts += [*_bounds_parts(bounds), *_drop_parts(drops)]
    return "\n\n".join(parts) + "\n"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    line = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([line[0], "|" + "---|" * len(head), *line[1:]])


def _table(rows: Sequence[Row], with_kind: bool = False) -> str:
    head = ["design", "truth", "nominal", "got", "Monte Carlo error", "not estimable", "asked",
            "within"]  # fmt: skip
    cells = [
        [row.design, row.truth, row.nominal, row.got, row.error, row.not_estimable, row.asked,
         row.within]
        for row in rows
    ]  # fmt: skip
    if with_kind:
        head = ["kind", *head]
        cells = [[row.table, *rest] for row, rest in zip(rows, cells, strict=True)]
    return _lines(head, cells)


def _bounds_parts(bounds: Sequence[BoundCount]) -> list[str]:
    rows = [
        [one.mechanism, str(one.cohorts), str(one.rates), percent(one.within / one.rates, 2),
         percent(one.mean_width), "100%", "yes" if one.within == one.rates else "no"]
        for one in bounds
    ]  # fmt: skip
    head = ["made unknown", "cohorts", "rates", "within their bounds", "mean width", "asked",
            "within"]  # fmt: skip
    return [
        "## Bounds hold the rate of the whole records",
        """Random cohorts of which every value is known, and the same with values made unknown and a
trial in twenty lost to quarantine; all rates in all strata. Age, sex, site and factors stay known:
the bounds of a stratum are of those whose level is recorded. The strata of medication-related
factors are left out, since their levels are made unknown too.""",
        _lines(head, rows),
    ]


def _drop_parts(drops: Sequence[DropRate]) -> list[str]:
    one = [drop for drop in drops if drop.estimand == "trd"]
    head = ["seed", "true", "proven", "bounds", "bounds hold it", "imputed", "95% limits",
            "imputed less true"]  # fmt: skip
    rows = [
        [str(drop.seed), percent(drop.true), percent(drop.counted),
         f"{percent(drop.bound_low)} to {percent(drop.bound_high)}",
         "yes" if drop.bound_low <= drop.true <= drop.bound_high else "no", percent(drop.imputed),
         f"{percent(drop.imputed_low)} to {percent(drop.imputed_high)}",
         f"{100 * (drop.imputed - drop.true):+.1f}"]
        for drop in one
    ]  # fmt: skip
    return [
        "## Simulated drops",
        f"""{len(one)} drops of {PATIENTS} simulated patients with holes and without faults, through
every verb. The truth is what complete records would show of adults, by code of its own
([simulation.md](simulation.md)). It need not lie within the bounds in two cases that are meant: an
unrecorded bipolar disorder does not count against a recorded diagnosis of major depression, and
patients of unknown age are counted as adults. Nothing is asked of the imputed share here: values
are not missing at random. Endpoint scores are missing more often after non-response. And whether
there are enough failures is settled by a record of response and left open by a gap in a failed
trial: where it is unknown it is `yes` far more often than where it is known after as many trials,
and the number of trials is what the models go by. So the imputed share of `trd` is too low. The
truth is of the very patients, the limits are for a population: around an estimate that is right on
average they would hold it nearly always.""",
        "The share with treatment-resistant depression (`trd`):",
        _lines(head, rows),
        "All rates, in percentage points; the standard error is that of the mean over drops:",
        _summary(drops),
    ]


def _summary(drops: Sequence[DropRate]) -> str:
    head = ["rate", "mean true", "mean counted", "mean imputed", "counted less true",
            "imputed less true", "standard error", "imputed above true",
            "95% limits of imputed hold the truth", "bounds hold the truth"]  # fmt: skip
    rows = []
    for estimand in dict.fromkeys(drop.estimand for drop in drops):
        own = [drop for drop in drops if drop.estimand == estimand]
        true, counted, imputed = (
            np.array([getattr(drop, name) for drop in own])
            for name in ("true", "counted", "imputed")
        )
        error = (imputed - true).std(ddof=1) / np.sqrt(len(own)) if len(own) > 1 else np.nan
        held = sum(drop.imputed_low <= drop.true <= drop.imputed_high for drop in own)
        bounded = sum(drop.bound_low <= drop.true <= drop.bound_high for drop in own)
        rows.append(
            [f"`{estimand}`", percent(true.mean()), percent(counted.mean()),
             percent(imputed.mean()), f"{100 * (counted - true).mean():+.2f}",
             f"{100 * (imputed - true).mean():+.2f}", f"{100 * error:.2f}",
             f"{int((imputed > true).sum())} of {len(own)}", f"{held} of {len(own)}",
             f"{bounded} of {len(own)}"]
        )  # fmt: skip
    return _lines(head, rows)
