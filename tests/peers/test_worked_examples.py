"""The slow formulas give what papers and R print.

Numbers of papers are held to the digits they print. Where no printed example was at hand the
numbers are those of R 4.2.2 with the package named, run on the inputs written here.
"""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest

from tests.slow import formulas
from tests.slow.formulas import Cluster

#: Newcombe RG (1998) Stat Med 17:857-872, table I: methods 3 and 5.
ONE_PROPORTION = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
#: Newcombe RG (1998) Stat Med 17:873-890, table II: method 10.
TWO_PROPORTIONS = [
    ((56, 70, 48, 80), 0.0524, 0.3339),
    ((9, 10, 3, 10), 0.1705, 0.8090),
    ((6, 7, 2, 7), 0.0582, 0.8062),
    ((5, 56, 0, 29), -0.0381, 0.1926),
    ((0, 10, 0, 20), -0.1611, 0.2775),
    ((0, 10, 0, 10), -0.2775, 0.2775),
    ((10, 10, 0, 20), 0.6791, 1.0),
    ((10, 10, 0, 10), 0.6075, 1.0),
]
#: Myocardial infarction on placebo and on aspirin: Steering Committee of the Physicians' Health
#: Study (1988) N Engl J Med 318:262-264, as in Agresti A, An Introduction to Categorical Data
#: Analysis, 2nd ed (2007), section 2.2-2.4.
ASPIRIN = (189, 11034, 104, 11037)
#: Smokers among lung cancer patients in four studies: Fleiss JL (1981) Statistical Methods for
#: Rates and Proportions, 2nd ed, p 139, the example of R's `prop.test` and `prop.trend.test`.
SMOKERS, PATIENTS = (83, 90, 129, 70), (86, 93, 136, 82)
#: The fifteen p-values of Benjamini Y, Hochberg Y (1995) J R Stat Soc B 57:289-300, section 4.1.
P_VALUES = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
    0.6528, 0.7590, 1.0,
)  # fmt: skip
#: Weeks of remission on 6-mercaptopurine: Freireich EJ et al (1963) Blood 21:699-716.
RELAPSES = (6, 6, 6, 7, 10, 13, 16, 22, 23)
CENSORED = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
#: Trials and events of six made-up patients.
CLUSTERS = [Cluster(m, e) for m, e in ((3, 2), (1, 0), (2, 1), (4, 3), (3, 1), (2, 0))]


@pytest.mark.parametrize(("events", "n", "wilson", "exact"), ONE_PROPORTION)
def test_one_proportion(
    events: int, n: int, wilson: tuple[float, float], exact: tuple[float, float]
) -> None:
    assert formulas.wilson(events, n) == pytest.approx(wilson, abs=5.1e-5)
    assert formulas.clopper_pearson(events, n) == pytest.approx(exact, abs=5.1e-5)


def test_the_exact_binomial_test_is_that_of_r() -> None:
    assert formulas.exact_binomial_p(0, 7, 0.3) == pytest.approx(0.1111498, rel=1e-10)
    assert formulas.exact_binomial_p(9, 24, 0.3) == pytest.approx(0.50377136141, rel=1e-10)


@pytest.mark.parametrize(("sample", "low", "high"), TWO_PROPORTIONS)
def test_difference_of_two_proportions(
    sample: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert formulas.newcombe(*sample)[1:] == pytest.approx((low, high), abs=5.1e-5)


def test_ratio_of_two_proportions() -> None:
    # The book: 1.82, 95% 1.43 to 2.30 from rounded steps; the digits are epitools 0.5-10.1's.
    expected = (1.81780179445, 1.43303090305, 2.30588423242)
    assert formulas.risk_ratio(*ASPIRIN) == pytest.approx(expected, rel=1e-10)


def test_two_groups() -> None:
    p, method = formulas.two_group_p(*ASPIRIN)
    assert method == "score" and p < 1e-6
    assert formulas.pearson(ASPIRIN[::2], ASPIRIN[1::2]) == pytest.approx(25.0138839672, rel=1e-10)
    # The lady tasting tea: Fisher RA (1935) The Design of Experiments, chapter 2.
    assert formulas.two_group_p(3, 4, 1, 4) == (pytest.approx(17 / 35), "fisher")
    # Twins of convicts: Fisher RA (1962) Aust J Stat 4:41, the example of R's `fisher.test`.
    assert formulas.fisher(2, 12, 15, 18) == pytest.approx(0.0005367, abs=5.1e-8)
    assert formulas.two_group_p(0, 20, 0, 30) == (1.0, "fisher")


def test_several_tests() -> None:
    # The paper: Bonferroni-type procedures reject three, the false discovery rate one four.
    assert sum(p <= 0.05 for p in formulas.holm(P_VALUES)) == 3
    assert sum(p <= 0.05 for p in formulas.benjamini_hochberg(P_VALUES)) == 4
    # The digits are those of R's `p.adjust`.
    assert formulas.holm(P_VALUES) == pytest.approx(
        [0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780, 0.2780, 0.3213, *[1.0] * 6]
    )
    assert formulas.benjamini_hochberg(P_VALUES) == pytest.approx(
        [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0638571428571, 0.0638571428571, 0.0645, 0.0765,
         0.486, 0.581181818182, 0.714875, 0.753230769231, 0.813214285714, 1.0]
    )  # fmt: skip


def test_trend_and_departure() -> None:
    # R prints X-squared = 8.2249, p = 0.004132 for the trend and 12.600 (3 df) for all differences.
    trend = formulas.trend(SMOKERS, PATIENTS, (1, 2, 3, 4))
    assert trend is not None
    assert trend.chi2 == pytest.approx(8.224922285, rel=1e-9)
    assert trend.p_value == pytest.approx(0.00413189748, rel=1e-8)
    assert trend.chi2 + trend.departure_chi2 == pytest.approx(12.6004112971, rel=1e-10)
    assert trend.departure_df == 2
    assert trend.slope == pytest.approx(-0.0334156264126, rel=1e-10)


def test_clusters() -> None:
    # sandwich 3.0-2 gives 0.0154548148148: `vcovCL(lm(y ~ 1), type = "HC0", cadjust = TRUE)`.
    variance = formulas.cluster_variance(CLUSTERS)
    assert variance == pytest.approx(0.0154548148148, rel=1e-10)
    # R's `aov` gives mean squares 0.230000000 between and 0.287037037 within the patients.
    size = (15 - 43 / 15) / 5
    between, within = 0.23, 0.287037037037
    assert formulas.cluster_correlation(CLUSTERS) == pytest.approx(
        (between - within) / (between + (size - 1) * within), rel=1e-9
    )
    singles = [Cluster(1, e) for e in (1, 1, 0, 0, 0)]
    assert formulas.cluster_variance(singles) == pytest.approx(0.4 * 0.6 / 4)
    assert formulas.cluster_limits([Cluster(2, 0)] * 7) == pytest.approx((0, 0.409616397225))


def test_one_cluster_has_neither_limits_nor_p() -> None:
    for events in (0, 2, 5):
        one = [Cluster(5, events)]
        assert formulas.cluster_limits(one) is None
        assert formulas.cluster_p_value(one, 0.3) is None
        assert formulas.cluster_correlation(one) is None


@pytest.mark.parametrize("reference", [0.1, 0.3, 0.47, 0.6])
def test_limits_and_p_of_clusters_agree(reference: float) -> None:
    p = formulas.cluster_p_value(CLUSTERS, reference)
    assert p is not None
    limits = formulas.cluster_limits(CLUSTERS, 1 - p)
    assert limits is not None
    nearest = min(limits, key=lambda limit: abs(limit - reference))
    assert nearest == pytest.approx(reference, rel=1e-9)


def test_excess_by_interaction() -> None:
    # Cancer of the mouth by smoking and drinking, Rothman KJ, Keller AZ (1972) J Chronic Dis
    # 25:711-716; Hosmer and Lemeshow (1992) give 3.74, 95% -1.84 to 9.32. Cases and controls with
    # both, smoking only, drinking only, neither.
    (both, smoking, drinking, neither) = (225, 166), (8, 18), (6, 12), (3, 20)

    def log_odds(cases: int, controls: int) -> float:
        return log(cases / controls)

    def variance(cases: int, controls: int) -> float:
        return 1 / cases + 1 / controls

    exposed = (both, smoking, drinking)
    value = formulas.excess_by_interaction(
        tuple(log_odds(*one) - log_odds(*neither) for one in exposed),
        tuple(variance(*one) for one in exposed),
        variance(*neither),
    )
    assert value == pytest.approx((3.74, -1.84, 9.32), abs=0.0051)


def test_remission_on_6_mercaptopurine() -> None:
    people = [(week, True) for week in RELAPSES] + [(week, False) for week in CENSORED]
    steps = {step.day: step for step in formulas.kaplan_meier(people)}
    assert len(steps) == 16
    # The limits are those of survival 3.5-3, `survfit(..., conf.type = "log-log")`.
    for week, at_risk, left, error, low, high in (
        (6, 21, 0.857, 0.0764, 0.619717955266, 0.951551747647),
        (7, 17, 0.807, 0.0869, 0.563146564622, 0.922809019203),
        (10, 15, 0.753, 0.0963, 0.503199510800, 0.889361835169),
        (13, 12, 0.690, 0.1068, 0.431610222486, 0.849065963349),
        (16, 11, 0.627, 0.1141, 0.367510855988, 0.804912189472),
        (22, 7, 0.538, 0.1282, 0.267778936767, 0.746790717635),
        (23, 6, 0.448, 0.1346, 0.188052005959, 0.680142628495),
    ):
        step = steps[week]
        assert step.n_at_risk == at_risk
        assert 1 - step.incidence == pytest.approx(left, abs=5.1e-4)
        assert step.error == pytest.approx(error, abs=5.1e-5)
        assert step.ci_low == pytest.approx(1 - high, rel=1e-9)
        assert step.ci_high == pytest.approx(1 - low, rel=1e-9)


def test_no_limits_before_the_first_event_and_after_the_last() -> None:
    steps = formulas.kaplan_meier([(1, False), (2, True), (3, False), (4, True)])
    assert [step.ci_low is None for step in steps] == [True, False, False, True]
    assert [step.incidence for step in steps] == pytest.approx([0, 1 / 3, 1 / 3, 1])


def test_pooling_is_that_of_mice() -> None:
    # mice 3.15.0: `pool.scalar(Q, U, n = 100, k = 1)` and `n = Inf`.
    estimates, variances = (1.2, 0.9, 1.5, 1.1, 1.3), (0.04, 0.05, 0.045, 0.038, 0.05)
    pooled = formulas.pool(estimates, variances, 99)
    assert (pooled.estimate, pooled.variance) == pytest.approx((1.2, 0.1046))
    assert pooled.df == pytest.approx(9.39657122125, rel=1e-10)
    assert pooled.fraction_missing == pytest.approx(0.64240476154, rel=1e-10)
    large = formulas.pool(estimates, variances, inf)
    assert large.df == pytest.approx(12.1568444444, rel=1e-10)
    assert large.fraction_missing == pytest.approx(0.62987695988, rel=1e-10)


def test_firth_of_one_yes_or_no_factor_adds_a_half_to_each_cell() -> None:
    # Firth (1993): of a saturated model the penalised estimates are those with 1/2 more in each
    # cell. Nobody of ten without the factor had the event: plain maximum likelihood has no limit.
    design = np.array([[1.0, 0.0]] * 10 + [[1.0, 1.0]] * 12)
    events = np.array([0.0] * 10 + [1.0] * 7 + [0.0] * 5)
    fit = formulas.firth(design, events)
    without, with_factor = log(0.5 / 10.5), log(7.5 / 5.5)
    assert fit.coefficients == pytest.approx([without, with_factor - without], abs=1e-9)
    low, high = formulas.firth_limits(design, events, 1)
    assert 0 < low < with_factor - without < high
    assert formulas.firth_p_value(design, events, 1) < 0.05
