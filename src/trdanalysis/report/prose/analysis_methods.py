"""Methods: the statistics that this run used, what is hidden, what was fixed, and the software."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose.design import own_key
from trdanalysis.report.prose.text import Section, cite, listed, said, section

#: What models can adjust for, as people call it.
COVARIATES = {
    "age_years": "age", "sex": "sex",
    "baseline_severity": "the first trial's baseline score as a share of its scale's range",
    "episode": "first or later episode", "site": "site", "drop_id": "drop",
}  # fmt: skip

#: Axes of the multiverse, as people call them.
_AXES = {
    "min_weeks": "duration", "min_failures": "number of failures", "nonresponse": "non-response",
    "dose_table": "minimum dose", "min_adherence": "adherence",
    "distinct_by": "what makes two treatments different", "same_episode": "failures in one episode",
    "first_line": "drugs that count", "unknown": "what becomes of the unknown",
}  # fmt: skip


def write_statistics(results: Disclosed) -> Section:
    """Write the methods behind rates, comparisons and models, as far as this run used them."""
    tables = results.tables
    comparisons, rates = tables["comparisons"], tables["rates"]
    models = set(comparisons["model"].dropna())
    return section(
        "Statistical analysis",
        [
            "Proportions of patients have Wilson intervals and score tests against the"
            f" reference{cite('wilson1927')}.",
            _of_trials(rates),
            "Beside every rate stand its bounds: all whose membership or outcome is unknown read as"
            f" without the event, and as with it{cite('manski1990')}. A conclusion that is the same"
            " at both bounds is called robust.",
            _benchmarks(results),
        ],
        [_groups(comparisons), _tests(comparisons), _ages(comparisons, models)],
        [_models(results, models), _separate(models, comparisons)],
        [_time(tables["curves"]), _agreement(tables["agreement"])],
    )


def _of_trials(rates: pd.DataFrame) -> str:
    if not (rates["unit"] == "trial").any():
        return ""
    return (
        "Where a patient has several trials, the rate is the ratio of sums over patients with a"
        " variance between patients, the delta method on the logit and the t distribution"
        f"{cite('cochran1977')}; where all patients have the same share, Clopper and Pearson's"
        f" interval of as many patients{cite('clopper1934')}; the intracluster correlation is given"
        f"{cite('ridout1999')}."
    )


def _benchmarks(results: Disclosed) -> str:
    ids = list(dict.fromkeys(results.tables["benchmarks"]["reference_id"]))
    if not ids:
        return ""
    keys = [key for name in ids for key in rate_keys(results, name)]
    return (
        f"Overall rates are also set against published rates{cite(*keys)}, with Newcombe's"
        f" interval of the difference{cite('newcombe1998')} where the published rate is of a"
        " sample; which of them measure the same quantity is said with each."
    )


def rate_keys(results: Disclosed, name: str) -> tuple[str, ...]:
    """Give the keys behind a published rate: one of its own where the bibliography has none."""
    return results.references.keys_of("published_rate", name) or (own_key(name),)


def _groups(comparisons: pd.DataFrame) -> str:
    if not (comparisons["model"] == "unadjusted").any():
        return ""
    fisher = any("fisher" in str(one) for one in comparisons["ci_method"])
    trials = (comparisons["estimand"] == "any_adequate_trial").any()
    return (
        f"Two groups are compared by the risk difference (Newcombe{cite('newcombe1998')}) and the"
        " risk ratio (delta method on the logarithm), with the score test"
        + (", or Fisher's exact test where an expected count is under 5" if fisher else "")
        + "."
        + (
            " Differences between rates of trials are made of the limits of both rates"
            f"{cite('zoudonner2008')}."
            if trials
            else ""
        )
        + " A factor group is present where any of its factors is yes, absent where all are no,"
        " else unknown; medication-related factors are dose, duration and adherence of the trial"
        " itself, and where they are part of the population or the event no comparison is made, by"
        " definition."
    )


def _tests(comparisons: pd.DataFrame) -> str:
    told = []
    for method, name, key in (
        ("holm", "Holm's method", "holm1979"),
        ("bh", "Benjamini and Hochberg's method", "benjamini1995"),
    ):
        own = comparisons[comparisons["adjustment"] == method]
        if own.empty:
            continue
        what = [
            text for contrast, text in _CONTRASTS.items() if (own["contrast"] == contrast).any()
        ]
        tests = sorted({int(n) for n in own["n_tests"].dropna()})
        over = f" ({_range(tests)} a family)" if tests else ""
        told.append(f"by {name}{cite(key)} for {listed(what)}{over}")
    if not told:
        return ""
    return (
        f"p-values are adjusted {listed(told)}. The one planned contrast, young adults against"
        " older ones, stands alone. Tests of interactions are exploratory and not adjusted."
    )


_CONTRASTS = {
    "factor_group": "factor groups", "factor": "single factors", "site": "sites", "drop": "drops",
}  # fmt: skip


def _range(tests: list[int]) -> str:
    if len(tests) == 1:
        return f"{tests[0]} test" if tests[0] == 1 else f"{tests[0]} tests"
    return f"{tests[0]} to {tests[-1]} tests"


def _ages(comparisons: pd.DataFrame, models: set[str]) -> str:
    told = ""
    if "cochran_armitage" in models:
        told += (
            "Over adult age bands the trend is tested by Cochran and Armitage's method"
            f"{cite('cochran1954', 'armitage1955')}, and beside it the departure from a trend."
        )
    if "logistic_spline" in models:
        told += " The departure of a spline of age from a straight line is tested as well."
    return told.strip()


def _models(results: Disclosed, models: set[str]) -> str:
    fits = results.tables["models"]
    told = []
    if models & {"modified_poisson", "modified_poisson_mutual"}:
        told.append(f"modified Poisson regression with robust variance{cite('zou2004')} (risk"
                    " ratios)")  # fmt: skip
    if models & {"logistic_standardised", "logistic_standardised_mutual"}:
        told.append("logistic regression, standardised over the same patients"
                    f"{cite('muller2014')} (risk differences and ratios)")  # fmt: skip
    if models & {"gee_log", "gee_log_mutual", "gee_logit"}:
        told.append("generalised estimating equations with exchangeable correlation and robust"
                    f" variance{cite('liang1986', 'zoudonner2013')} (trials)")  # fmt: skip
    if "firth" in models:
        told.append("Firth's logistic regression with profile penalised-likelihood limits"
                    f"{cite('firth1993', 'heinze2002')}, where a group has few events or"
                    " non-events")  # fmt: skip
    if not told:
        return ""
    return f"Adjusted comparisons come from {listed(told)}. {_adjusted(results, fits)}"


def _adjusted(results: Disclosed, fits: pd.DataFrame) -> str:
    wanted = list(results.settings["model_covariates"])
    used = {name for text in fits["covariates"].dropna() for name in str(text).split("; ") if name}
    known = fits["covariates"].notna().any()
    taken = [_covariate(results, name) for name in wanted if name in used]
    left = [_covariate(results, name) for name in wanted if name not in used]
    if not wanted or (known and not taken):
        text = "Models adjust for nothing."
    elif not known:
        text = (
            f"Models were set to adjust for {listed([_covariate(results, one) for one in wanted])}."
        )
    else:
        text = f"Models adjust for {listed(taken)}."
    if known and left:
        text += f" Left out, since nobody has it or it does not vary: {listed(left)}."
    return (
        f"{text} They are of patients of whom all of this is known. A fit that does not converge,"
        " is separated or cannot tell its terms apart is not estimable, with its reason."
    )


def _covariate(results: Disclosed, name: str) -> str:
    text = COVARIATES.get(name) or words.words(name)
    if name == "age_years":
        knots = results.settings["age_spline_knots"]
        text += f" (a restricted cubic spline with {knots} knots at Harrell's quantiles"
        text += f"{cite('harrell2015')})"
    return text


def _separate(models: set[str], comparisons: pd.DataFrame) -> str:
    both = {name for name in models if name.endswith("_mutual")}
    if not both:
        return ""
    return "Factor groups are compared one at a time and, in further models, all together."


def _time(curves: pd.DataFrame) -> str:
    if curves.empty:
        return ""
    return (
        "The time to the second failure is one less Kaplan and Meier's estimate"
        f"{cite('kaplan1958')} from the start of the first antidepressant trial, once with certain"
        " and once with possible failures; competing events are not told apart, and treatment"
        " before the records began is not seen."
    )


def _agreement(agreement: pd.DataFrame) -> str:
    if agreement.empty:
        return ""
    return (
        "How far definitions agree is told by the three-by-three tables of their labels and by"
        f" kappa{cite('cohen1960')} with its large-sample limits{cite('fleiss1969')} among those"
        " labelled by both."
    )


def write_sensitivity(results: Disclosed) -> Section:
    """Write what was done about missing outcomes and about the choice of thresholds."""
    analyses = set(results.tables["rates"]["analysis"])
    told = []
    if len(results.tables["tipping"]):
        told.append("A tipping-point table says at how many events among the unknown a conclusion"
                    " changes.")  # fmt: skip
    if "nonresponder_imputed" in analyses:
        told.append("Non-responder imputation takes every missing outcome of a certain member as"
                    " the event; against a low reference that is no careful reading.")  # fmt: skip
    if "multiple_imputation" in analyses:
        settings = results.settings
        told.append(
            "Multiple imputation by chained equations"
            f"{cite('vanbuuren2007', 'white2010')} completed {settings['imputations']} data sets"
            f" (seed {settings['seed']}), pooled by Rubin's rules"
            f"{cite('rubin1987', 'barnard1999')}; it is right only where being unknown has nothing"
            " to do with the outcome, given the rest. The label of a patient is never imputed; for"
            " the rate of labels the criteria are, and the label follows, which errs where being"
            " unknown depends on the outcome."
        )
    return section("Missing outcomes and sensitivity analyses", told, [_grid(results)])


def _grid(results: Disclosed) -> str:
    cells = results.tables["multiverse"]
    if cells.empty:
        return ""
    axes = [
        f"{name} ({cells[axis].astype(str).nunique()})"
        for axis, name in _AXES.items()
        if axis in cells
    ]
    return (
        f"The rate of resistance was computed in every one of {words.count(len(cells))}"
        f" combinations of thresholds (a multiverse{cite('steegen2016')}, shown as a specification"
        f" curve{cite('simonsohn2020')}): {listed(axes)}; in brackets how many settings each has."
        " Combinations that read every unknown for or against resistance are bounds, never labels."
    )


def write_disclosure(results: Disclosed) -> Section:
    """Write what the site's policy hides, in words."""
    policy = results.settings["policy"]
    return section("Disclosure control", _of_policy(policy, results.settings["policy_title"]))


def _of_policy(policy: Any, title: str) -> list[str]:
    name = f"{said(title)} (`{said(policy['id'])}`; {said(policy['source'])})"
    limit = policy["hide_counts_up_to"]
    if not limit:
        return [f"Nothing is hidden: {name}."]
    told = [
        f"What is shown passed disclosure control by {name}. Counts of"
        f" {1 if policy['show_zero'] else 0} to {limit} are hidden"
        f"{', zero is shown' if policy['show_zero'] else ''}."
    ]
    if policy["round_to"]:
        told.append(
            f"Other counts are rounded to multiples of {policy['round_to']}, and rates are made of"
            " rounded counts."
        )
    if policy["least_n_for_a_rate"]:
        told.append(f"No rate is shown of fewer than {policy['least_n_for_a_rate']}.")
    told.append(
        "Everything from which a hidden count follows is hidden too, within and between tables,"
        " which was tried by an attack with integer programming. Hidden numbers read “hidden”; the"
        " texts are made from what is shown and from nothing else."
    )
    return told


def write_prespecification(results: Disclosed) -> Section:
    """Write whether configuration and definitions were fixed before the labels."""
    return section("Pre-specification", said(words.freeze_words(results.freeze)))


def write_software(results: Disclosed) -> Section:
    """Write the versions that made the results, and the command."""
    run = results.run
    about = run.get("environment") or {}
    packages = about.get("packages", {})
    named = [
        f"{_NAMES.get(name, name)} {said(packages[name])}"
        f"{cite(*results.references.keys_of('package', name))}"
        for name in _packages(results)
        if name in packages
    ]
    python = f" on Python {said(about['python'])}" if about.get("python") else ""
    rest = f", with {listed(named)}" if named else ""
    text = f"Results were made by trdanalysis {said(run['version'])}{python}{rest}."
    return section(
        "Software and reproducibility",
        [
            text,
            "The same records, configuration and versions give the same files, byte for byte. The"
            f" command is `{said(run['command'])}`; the manifest beside the results holds hashes of"
            " everything they were made from.",
        ],
    )


_NAMES = {"ibis-framework": "Ibis", "duckdb": "DuckDB", "numpy": "NumPy", "scipy": "SciPy",
          "snakemake": "Snakemake", "matplotlib": "Matplotlib"}  # fmt: skip


def _packages(results: Disclosed) -> Iterable[str]:
    return [name for kind, name in results.references.behind if kind == "package"]
