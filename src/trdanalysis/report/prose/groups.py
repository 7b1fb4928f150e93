"""Results: ages and factor groups, published rates, definitions, sensitivity, what is hidden."""

from __future__ import annotations

from typing import Any

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.multiverse import tell_multiverse
from trdanalysis.report.prose.analysis_methods import rate_keys
from trdanalysis.report.prose.design import lower_first
from trdanalysis.report.prose.numbers import (
    PATIENTS,
    against,
    is_null,
    is_shown,
    number,
    overall,
    p_phrase,
    rate_or_why,
    select,
)
from trdanalysis.report.prose.text import Section, cite, listed, said, section, sentence
from trdanalysis.report.statistics import PRIMARY

Row = dict[str, Any]


def write_ages(results: Disclosed) -> Section:
    """Write rates by age band, the planned contrast and the trend, of both primary estimands."""
    return section(
        "By age",
        *([_bands(results, name), *_young(results, name), *_trend(results, name)]
          for name in PRIMARY),
    )  # fmt: skip


def _bands(results: Disclosed, name: str) -> str:
    rows = _stratum(results, name, "age_band")
    told = [
        f"age {words.UNKNOWN if is_null(row['level']) else said(row['level'])}: {rate_or_why(row)}"
        for row in rows
    ]
    return f"{words.ESTIMANDS[name]['title']}. {sentence('; '.join(told))}" if told else ""


def _stratum(results: Disclosed, name: str, stratum: str) -> list[Row]:
    rows = select(
        results.tables["rates"], definition=results.primary, estimand=name, stratum=stratum
    )
    return [row for row in rows if row["analysis"] in ("complete_case", "proven")]


def _comparisons(results: Disclosed, name: str, **where: Any) -> list[Row]:
    return select(results.tables["comparisons"], definition=results.primary, estimand=name, **where)


def _young(results: Disclosed, name: str) -> list[str]:
    rows = {
        row["measure"]: row
        for row in _comparisons(results, name, contrast="young_adults", model="unadjusted")
    }
    told = []
    row = rows.get("rd") or next(iter(rows.values()), None)
    if row is None:
        return []
    if not _estimated(row):
        told.append(f"Young adults against older ones: {_why(row)}.")
    else:
        told.append(
            f"At age {row['level']} against {row['versus']} the risk difference was"
            f" {_points(row)}, {p_phrase(row['p_value'])}: {_reading(row)}."
        )
    adjusted = _comparisons(
        results, name, contrast="young_adults", model="logistic_standardised", measure="rd"
    )
    told += [
        f"With covariates it was {_points(one)}, {p_phrase(one['p_value'])}."
        for one in adjusted
        if _estimated(one)
    ]
    return told


def _estimated(row: Row) -> bool:
    return row["status"] in ("ok", "reprinted") and not is_null(row["value"])


def _why(row: Row) -> str:
    if row["status"] == "suppressed":
        return "hidden"
    if row["status"] == "by_definition":
        return "by definition without comparison"
    reason = row["reason"]
    return "not estimable" + (
        "" if is_null(reason) else f" ({words.MODEL_REASONS.get(reason, words.words(reason))})"
    )


def _points(row: Row) -> str:
    text = f"{words.points(row['value'])} points"
    if is_null(row["ci_low"]):
        return text
    return f"{text} (95% interval {words.points_range(row['ci_low'], row['ci_high'])})"


def _reading(row: Row) -> str:
    """Read a difference: without a small p it is undecided, never no difference."""
    p = row["p_adjusted"] if not is_null(row["p_adjusted"]) else row["p_value"]
    if is_null(p):
        return "not tested"
    if float(p) < 0.05:
        return (
            "associated with more non-response"
            if row["value"] > 0
            else ("associated with less non-response")
        )
    return "this neither shows a difference nor rules one out"


def _trend(results: Disclosed, name: str) -> list[str]:
    found = {
        row["measure"]: row
        for row in _comparisons(results, name, contrast="age_trend", model="cochran_armitage")
    }
    trend, departure = found.get("trend"), found.get("departure")
    if trend is None:
        return []
    if not _estimated(trend):
        return [f"The trend over adult age bands: {_why(trend)}."]
    text = f"Over adult age bands the risk changed by {_points(trend)} per band" \
           f", {p_phrase(trend['p_value'])}"  # fmt: skip
    if departure is not None and _estimated(departure):
        text += f"; departure from a trend: {p_phrase(departure['p_value'])}"
    return [f"{text}."]


def write_factors(results: Disclosed) -> Section:
    """Write the contrasts of factor groups, with p-values adjusted for their number."""
    return section(
        "Factor groups",
        *(_factors(results, name) for name in PRIMARY),
        "All of this is association: no factor is shown to cause anything, and factors that were"
        " recorded after the trial may follow from it."
        if len(results.tables["comparisons"])
        else "",
    )


def _factors(results: Disclosed, name: str) -> list[str]:
    told = []
    for group, title in words.GROUPS.items():
        rows = _comparisons(results, name, contrast="factor_group", group=group)
        crude = [row for row in rows if row["model"] == "unadjusted"]
        if not crude:
            continue
        row = next((one for one in crude if one["measure"] == "rd"), crude[0])
        told.append(f"{title.lower()}: {_factor(row)}{_adjusted(rows)}")
    if not told:
        return []
    tests = {
        int(row["n_tests"])
        for row in _comparisons(results, name, contrast="factor_group", model="unadjusted")
        if not is_null(row["n_tests"])
    }
    many = f" ({max(tests)} {'test' if max(tests) == 1 else 'tests'})" if tests else ""
    return [
        f"{words.ESTIMANDS[name]['title']}, factors present against absent{many}."
        f" {sentence('; '.join(told))}"
    ]


def _factor(row: Row) -> str:
    if not _estimated(row):
        return _why(row)
    return (
        f"{_points(row)}, {p_phrase(row['p_adjusted'], adjusted=True)}, {_reading(row)}"
        if not is_null(row["p_adjusted"])
        else f"{_points(row)}"
    )


def _adjusted(rows: list[Row]) -> str:
    own = [row for row in rows
           if row["model"] == "logistic_standardised" and row["measure"] == "rd"]  # fmt: skip
    if not own or own[0]["status"] == "by_definition":
        return ""
    row = own[0]
    if not _estimated(row):
        return f"; with covariates {_why(row)}"
    return f"; with covariates {_points(row)}"


def write_benchmarks(results: Disclosed) -> Section:
    """Write overall rates beside published ones, and which are of the same quantity."""
    rows = select(results.tables["benchmarks"], definition=results.primary)
    studies = {row["reference_id"]: row for row in select(results.published)}
    told: dict[str, list[str]] = {}
    for row in rows:
        name = str(row["reference_id"])
        study = studies.get(name, {"study": name, "metric": ""})
        same = "the same quantity" if _is_true(row["same_quantity"]) else "another quantity"
        text = (
            f"{words.percent(row['published_rate'])} in {said(study['study'])}"
            f"{cite(*rate_keys(results, name))} ({same}; {said(study['metric'])})"
        )
        if not is_null(row["difference"]):
            text += f", difference {words.points(row['difference'])} points"
            if not is_null(row["ci_low"]):
                text += f" (95% interval {words.points_range(row['ci_low'], row['ci_high'])})"
        else:
            text += ", the difference hidden or not estimable"
        told.setdefault(str(row["estimand"]), []).append(text)
    paragraphs = []
    for name in words.ESTIMANDS:
        if name not in told:
            continue
        own = overall(results.tables["rates"], results.primary, name)
        lower = (
            " Being a proven share, the rate here is a lower bound, and so is the difference."
            if own is not None and own["analysis"] == "proven"
            else ""
        )
        paragraphs.append(
            f"{words.ESTIMANDS[name]['title']}, here {rate_or_why(own)}, against:"
            f" {'; '.join(told[name])}.{lower}"
        )
    return section("Comparison with published rates", *paragraphs)


def _is_true(value: Any) -> bool:
    return not is_null(value) and bool(value)


def write_definitions(results: Disclosed) -> Section:
    """Write how definitions differ; nothing where there is one."""
    if len(results.definitions) < 2:
        return section("Other definitions")
    told = []
    for definition in results.definitions:
        row = overall(results.tables["rates"], definition["id"], "trd")
        told.append(f"{rate_or_why(row)} by “{said(definition['title'])}”")
    return section(
        "Other definitions",
        f"TRD among treated: {'; '.join(told)}.",
        [_pairs(results)],
    )


def _pairs(results: Disclosed) -> str:
    rows = select(results.tables["agreement"], definition=results.primary)
    titles = {one["id"]: said(one["title"]) for one in results.definitions}
    told = []
    for row in rows:
        other = titles.get(row["versus"], said(row["versus"]))
        if row["status"] == "suppressed":
            told.append(f"with “{other}” hidden")
        elif is_null(row["kappa"]):
            reason = words.AGREEMENT_REASONS.get(row["reason"], "no kappa")
            told.append(f"with “{other}” not estimable ({reason})")
        else:
            interval = (
                "" if is_null(row["ci_low"])
                else f" (95% interval {words.decimal(row['ci_low'])} to"
                f" {words.decimal(row['ci_high'])})"
            )  # fmt: skip
            told.append(
                f"with “{other}” {words.decimal(row['kappa'])}{interval} among"
                f" {number(row['n_labelled'], PATIENTS)} labelled by both"
            )
    if not told:
        return ""
    return (
        f"Agreement of the primary definition by kappa: {'; '.join(told)}. Kappa depends on how"
        " common resistance is, and leaves out whom either definition cannot label."
    )


def write_robustness(results: Disclosed) -> Section:
    """Write what changes when missing outcomes are filled, and over the multiverse."""
    cells = results.tables["multiverse"]
    told = tell_multiverse(cells, results.primary)
    hidden = "What the multiverse shows is hidden." if len(cells) else ""
    return section(
        "Sensitivity analyses",
        *([*_imputed(results, name), *_tipping(results, name)] for name in (*PRIMARY, "trd")),
        [f"Over the thresholds of the multiverse, {told[0][0].lower()}{told[0][1:]}", *told[1:]]
        if told
        else hidden,
    )


def _imputed(results: Disclosed, name: str) -> list[str]:
    told = []
    for analysis, how in (
        ("nonresponder_imputed", "With every missing outcome of a certain member as the event"),
        ("multiple_imputation", "By multiple imputation"),
    ):
        rows = select(
            results.tables["rates"], definition=results.primary, estimand=name, analysis=analysis,
            stratum="overall",
        )  # fmt: skip
        for row in rows:
            what = lower_first(words.ESTIMANDS[name]["title"])
            text = (
                f"{how}, {what} was {rate_or_why(row)}"
                if is_shown(row)
                else (f"{how}, {what} is {rate_or_why(row)}")
            )
            if is_shown(row) and (verdict := against(row, results.reference, results.margin)):
                text += f", {verdict}"
            told.append(f"{text}.")
            if analysis == "multiple_imputation" and name not in PRIMARY:
                told.append("Where being unknown depends on the outcome, as it does for labels,"
                            " such a share errs.")  # fmt: skip
    return told


def _tipping(results: Disclosed, name: str) -> list[str]:
    rows = select(results.tables["tipping"], definition=results.primary, estimand=name)
    if not rows:
        return []
    title = words.ESTIMANDS[name]["title"]
    if not all(is_shown(row) and not is_null(row["as_primary"]) for row in rows):
        return [f"{title}: at how many events among the unknown the conclusion changes is hidden."]
    as_primary = [row for row in rows if row["as_primary"]]
    if len(as_primary) == len(rows):
        return ["The conclusion is the same whatever the unknown had."]
    if not as_primary:
        return ["With all unknown filled in, none of the shares tried gives the conclusion of the"
                " known ones."]  # fmt: skip
    low, high = as_primary[0], as_primary[-1]
    first, last = rows[0], rows[-1]
    told = []
    if low is not first:
        told.append(f"{words.count(low['unknown_with_event'])} or more")
    if high is not last:
        told.append(f"{words.count(high['unknown_with_event'])} or fewer")
    return [
        f"The conclusion is the same where {listed(told)} of the"
        f" {words.count(last['unknown_with_event'])} unknown had the event, and another otherwise."
    ]


def write_hidden(results: Disclosed) -> Section:
    """Write how much is hidden, and what was given up as a whole."""
    hiding = results.hiding
    if not results.settings["policy"]["hide_counts_up_to"]:
        return section("What is hidden")
    told = ["Numbers that disclosure control hides are said to be hidden; nothing in this text"
            " allows them to be worked out."]  # fmt: skip
    if hiding["dropped"]:
        parts = [words.words(str(part)) for part in hiding["dropped"]]
        told.append(f"Given up as a whole: {listed(parts)}.")
    if hiding["reprinted"]:
        told.append(
            f"Numbers marked {words.AGAIN} are as in an earlier release, since when few came or"
            " went."
        )
    return section("What is hidden", told)
