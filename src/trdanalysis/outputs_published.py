"""Published tables: what a row of each is, and what each column means."""

from __future__ import annotations

from trdanalysis.outputs import NO_RATE, Output, OutputTable, shared
from trdanalysis.outputs_questions import QUESTION_CONTRASTS, QUESTIONS, make_question_curves

_NO_VALUE = "not estimable, see `reason`"
_LIMITS = shared("ci_low ci_high")
_LABELS = ("trd", "not_trd", "indeterminate")
_EVERYBODY = "patients with a label, of any age"

_NO_NUMBER = "no number, or nobody"

_CHARACTERISTICS = OutputTable(
    "characteristic, level and label, of patients with MDD and an antidepressant trial",
    (
        *shared("definition"),
        Output("characteristic", "text", "what is described; `overall`: all patients"),
        Output("kind", "text", "`categorical` or `numeric`"),
        Output("level", "text", "`present`, `absent`, a value; of numbers `known`; `unknown`"),
        Output("label", "text", "`all`, `trd`, `not_trd` or `indeterminate`"),
        Output("n", "whole number", "patients"),
        Output("share", "share", "of all patients of the label", NO_RATE),
        Output("share_of_known", "share", "of those of whom the characteristic is known",
               "unknown, a number, or nobody"),
        Output("mean", "number", "of a number", _NO_NUMBER, "as the characteristic"),
        Output("sd", "number", "standard deviation", _NO_NUMBER, "as the characteristic"),
        Output("median", "number", "half have less", _NO_NUMBER, "as the characteristic"),
        Output("q1", "number", "a quarter has less", _NO_NUMBER, "as the characteristic"),
        Output("q3", "number", "three quarters have less", _NO_NUMBER, "as the characteristic"),
        Output("smd", "number", "standardised difference from `not_trd` in the whole"
               " characteristic", "another label, or `smd_reason`", "standard deviations"),
        Output("smd_reason", "text", "why there is no difference", "there is one, or none is"
               " asked for"),
        *shared("status"),
    ),
)  # fmt: skip

_RATES = OutputTable(
    "estimand, definition, analysis and stratum",
    (
        *shared("estimand definition analysis"),
        Output("stratum", "text", "by what: `overall`, `age_band`, `factor_group`, `factor`,"
               " `factor_group_by_age_band`, `factor_combination`, `sex`, `site`, `drop`"),
        Output("group", "text", "the factor group or factor; else the stratum"),
        Output("level", "text", "which level: `present`, `absent`, `unknown`, an age band, ..."),
        Output("age_band", "text", "the age band", "all ages"),
        *shared("unit n n_unknown"),
        Output("n_clusters", "whole number", "patients behind `n`", NO_RATE),
        *shared("events rate"), *_LIMITS,
        Output("ci90_low", "share", "lower 90% limit", NO_RATE),
        Output("ci90_high", "share", "upper 90% limit", NO_RATE),
        Output("ci_method", "text", "what made the limits", NO_RATE),
        *shared("bound_low bound_high"),
        Output("reference", "share", "`reference_rate` of the configuration", NO_RATE),
        Output("margin", "share", "`equivalence_margin` of the configuration", NO_RATE),
        Output("difference", "number", "`rate` less `reference`", NO_RATE, "share"),
        *shared("p_value conclusion", p_value="of the test against the reference"),
        Output("robust", "yes or no", "the conclusion holds at both bounds", NO_RATE),
        *shared("status"),
    ),
)  # fmt: skip

_COMPARISONS = OutputTable(
    "contrast of two groups, trend or interaction, and measure",
    (
        *shared("estimand definition analysis"),
        Output("contrast", "text", "`factor_group`, `factor`, `young_adults`, `site`, `drop`,"
               " `age_trend`, `age_interaction`"),
        Output("group", "text", "the factor group, factor or stratum that is compared"),
        Output("level", "text", "the group whose rate stands first"),
        Output("versus", "text", "the group it is held against", "a trend has none"),
        Output("model", "text", "`unadjusted`, `bounds`, or the model's name"),
        *shared("covariates"),
        Output("n", "whole number", "members at `level`", "not counted there"),
        Output("n_versus", "whole number", "members at `versus`", "not counted there"),
        Output("measure", "text", "`rd` difference, `rr` ratio, `or` odds ratio, `trend`,"
               " `departure`, `reri`", "a test alone"),
        Output("value", "number", "of the measure", _NO_VALUE, "as the measure"),
        Output("ci_low", "number", "lower 95% limit; of `bounds` the least it could be",
               _NO_VALUE, "as the measure"),
        Output("ci_high", "number", "upper 95% limit; of `bounds` the most it could be",
               _NO_VALUE, "as the measure"),
        Output("ci_method", "text", "what made the limits, and the p-value where it is another",
               _NO_VALUE),
        *shared("p_value p_adjusted"),
        Output("adjustment", "text", "`holm`, `bh` (Benjamini and Hochberg), `none`,"
               " `none_exploratory`", "no test"),
        *shared("n_tests status reason"),
    ),
)  # fmt: skip

_MODELS = OutputTable(
    "fitted model",
    (
        *shared("estimand definition"),
        Output("model", "text", "the model's name"),
        Output("exposures", "text", "what is compared, joined by `; `"),
        *shared("covariates"),
        Output("n", "whole number", "patients or trials with everything known", _NO_VALUE),
        Output("n_left_out", "whole number", "outcome known, but lacking something else",
               _NO_VALUE),
        Output("n_clusters", "whole number", "patients behind `n`", _NO_VALUE),
        Output("events", "whole number", "those of `n` with the event", _NO_VALUE),
        Output("parameters", "whole number", "terms of the model, the intercept among them",
               _NO_VALUE),
        Output("events_per_parameter", "number", "the rarer outcome over the parameters",
               _NO_VALUE),
        Output("iterations", "whole number", "until the fit settled", _NO_VALUE),
        Output("condition", "number", "ratio of the largest to the smallest singular value of the"
               " scaled design", _NO_VALUE),
        Output("dispersion", "number", "Pearson's chi-squared over degrees of freedom", _NO_VALUE),
        Output("c_statistic", "share", "chance that a fitted risk is higher with the event",
               "the model has none"),
        *shared("status reason"),
    ),
)  # fmt: skip

_BENCHMARKS = OutputTable(
    "overall rate and published rate",
    (
        *shared("estimand definition"),
        Output("reference_id", "text", "row of [published rates](published-rates.md)"),
        Output("published_n", "whole number", "patients behind the published rate", "not told"),
        Output("published_rate", "share", "as published"),
        Output("published_low", "share", "its lower limit", "not told"),
        Output("published_high", "share", "its upper limit", "not told"),
        Output("rate", "share", "of this run, overall", NO_RATE),
        Output("difference", "number", "`rate` less `published_rate`", NO_RATE, "share"),
        Output("ci_low", "number", "lower 95% limit of the difference", "no published n", "share"),
        Output("ci_high", "number", "upper 95% limit of the difference", "no published n",
               "share"),
        Output("same_quantity", "yes or no", "whether both measure the same thing"),
    ),
)  # fmt: skip

_ATTRITION = OutputTable(
    "step from records to those counted, by estimand and definition",
    (
        Output("definition", "text", "id of the definition", "steps of records"),
        Output("estimand", "text", "which rate, see [estimands](estimands.md); `records` for the"
               " rows of drops"),
        Output("step_order", "whole number", "place of the step"),
        Output("step", "text", "what is asked at this step"),
        *shared("unit"),
        Output("n_in", "whole number", "not certainly out before the step"),
        Output("n_out", "whole number", "certainly out at this step"),
        Output("n_unknown", "whole number", "of those who go on, this is unknown of so many",
               "steps of records"),
        *shared("status"),
    ),
)  # fmt: skip

_UNKNOWNS = OutputTable(
    "estimand, definition and criterion",
    (
        *shared("estimand definition"),
        Output("criterion", "text", "what is unknown; the outcome last, then the parts of the"
               " label that make it"),
        *shared("unit"),
        Output("n_unknown", "whole number", "of the `n_unknown` of `rates.csv`, lack this one"),
        Output("n_only", "whole number", "of these, lack nothing else"),
        *shared("status"),
    ),
)  # fmt: skip

_DEFINITIONS = OutputTable(
    "definition",
    (
        *shared("definition"),
        Output("title", "text", "its title"),
        Output("citation", "text", "where it comes from"),
        Output("status", "text", "`draft` or `published`"),
        Output("unconfirmed", "text", "thresholds that could not be confirmed in the source,"
               " joined by `; `", "none"),
        Output("n", "whole number", f"{_EVERYBODY}; the sum of the three labels"),
        *(Output(name, "whole number", f"labelled `{name}`") for name in _LABELS),
        Output("missing_columns", "text", "columns that the definition asks for and nobody has",
               "none"),
    ),
)  # fmt: skip

_TIPPING = OutputTable(
    "overall rate and number of the unknown with the event",
    (
        *shared("estimand definition"),
        Output("unknown_with_event", "whole number", "so many of the unknown are read as yes"),
        Output("share", "share", "of all unknown"),
        *shared("n events rate", n="not certainly out", events="known, and read as yes"),
        *_LIMITS,
        *shared("conclusion"),
        Output("as_primary", "yes or no", "the conclusion is that of `rates.csv`"),
        *shared("status"),
    ),
)  # fmt: skip

_CURVES = OutputTable(
    "curve and day",
    (
        *shared("estimand definition"),
        Output("curve", "text", "`definite`: certain failures; `possible`: all that may be"),
        Output("day", "whole number", "since the start of the first trial", unit="days"),
        Output("n_at_risk", "whole number", "followed up to this day without the event"),
        Output("events", "whole number", "on this day"),
        Output("censored", "whole number", "whose follow-up ends from this day to the next row's"),
        Output("cumulative_incidence", "share", "one less Kaplan and Meier's estimate"),
        Output("ci_low", "share", "lower 95% limit", "no limit"),
        Output("ci_high", "share", "upper 95% limit", "no limit"),
        *shared("status"),
    ),
)  # fmt: skip

_AGE_CURVES = OutputTable(
    "estimand, definition and year of age",
    (
        *shared("estimand definition"),
        Output("age_years", "whole number", "age", unit="years"),
        Output("rate", "share", "risk of the event at this age", _NO_VALUE),
        *_LIMITS,
        Output("knots_years", "text", "knots of the spline, in years", _NO_VALUE),
        *shared("status reason"),
    ),
)  # fmt: skip

_AGREEMENT = OutputTable(
    "pair of definitions",
    (
        Output("definition", "text", "the earlier of the run's definitions"),
        Output("versus", "text", "the later one"),
        Output("n", "whole number", "patients with a label by both, `indeterminate` too"),
        *(Output(f"{one}_{other}", "whole number", f"`{one}` by the first, `{other}` by the second")
          for one in _LABELS for other in _LABELS),
        Output("n_labelled", "whole number", "neither leaves them `indeterminate`"),
        Output("observed_agreement", "share", "of `n_labelled`, with the same label", _NO_VALUE),
        Output("kappa", "number", "Cohen's kappa", _NO_VALUE, "-1 to 1"),
        Output("ci_low", "number", "lower 95% limit of kappa", _NO_VALUE, "-1 to 1"),
        Output("ci_high", "number", "upper 95% limit of kappa", _NO_VALUE, "-1 to 1"),
        Output("jaccard", "share", "of `trd` by either, `trd` by both", "`trd` by neither"),
        Output("positive_agreement", "share", "of the labels `trd`, those the other gives too",
               "no such label"),
        Output("negative_agreement", "share", "of the labels `not_trd`, those the other gives too",
               "no such label"),
        *shared("status reason"),
    ),
)  # fmt: skip

_MULTIVERSE = OutputTable(
    "cell of the grid",
    (
        Output("min_weeks", "whole number", "shortest duration", unit="weeks"),
        Output("min_failures", "whole number", "failures that make resistance"),
        Output("nonresponse", "text", "percent of the baseline score to lose, or `remission`"),
        Output("dose_table", "text", "which minimum doses; `none`: not asked"),
        Output("min_adherence", "text", "share of days covered; `none`: not asked"),
        Output("distinct_by", "text", "what makes two treatments different"),
        Output("same_episode", "yes or no", "failures add up within one episode only"),
        Output("first_line", "text", "which antidepressants count"),
        Output("unknown", "text", "what becomes of the unknown: `kleene`, `assume_ok`,"
               " `assume_bad`"),
        Output("n", "whole number", "certain members, to the nearest 5; of bounds everybody not"
               " certainly out"),
        *shared("n_unknown", n_unknown="membership or label unknown, to the nearest 5"),
        *(Output(name, "whole number", f"labelled `{name}`, to the nearest 5", "a cell of bounds")
          for name in _LABELS),
        Output("rate", "share", "`trd` of `n`, the proven share", "a cell of bounds"),
        Output("ci_low", "share", "lower 95% limit of the rate, or of the bound", NO_RATE),
        Output("ci_high", "share", "upper 95% limit of the rate, or of the bound", NO_RATE),
        Output("bound_low", "share", "unknowns read against resistance", NO_RATE),
        Output("bound_high", "share", "unknowns read for resistance", NO_RATE),
        Output("reference", "share", "`reference_rate` of the configuration"),
        Output("excludes_reference", "yes or no", "the interval leaves the reference out",
               NO_RATE),
        Output("is_primary", "yes or no", "the primary definition's own thresholds"),
        *shared("status"),
    ),
)  # fmt: skip

_DRIFT = OutputTable(
    "measure and drop",
    (
        Output("table", "text", "`patients` or `trials`"),
        Output("column", "text", "the column that is compared"),
        Output("measure", "text", "`missing`, `present` (recorded as yes) or `dose_rank`"),
        Output("drop_id", "text", "the drop"),
        Output("n", "whole number", "patients of the drop"),
        Output("events", "whole number", "of these missing, or yes", "no count behind it"),
        Output("value", "share", "mean of the measure in the drop", NO_RATE),
        Output("value_others", "share", "mean in all other drops", NO_RATE),
        Output("difference", "number", "`value` less `value_others`", NO_RATE, "share"),
        *shared("p_value p_adjusted n_tests", p_value="of the test of Kruskal and Wallis"),
        Output("drifted", "yes or no", "an adjusted p below 0.05 and 5 points of difference",
               "no test"),
        *shared("status"),
    ),
)  # fmt: skip

_RATE_CHANGES = OutputTable(
    "overall rate of the last run and of this one",
    (
        *shared("estimand definition analysis"),
        Output("n_before", "whole number", "`n` of the last run"),
        Output("events_before", "whole number", "`events` of the last run"),
        Output("rate_before", "share", "`rate` of the last run", NO_RATE),
        *shared("n events rate"),
        Output("difference", "number", "`rate` less `rate_before`", NO_RATE, "share"),
        *shared("status"),
    ),
)  # fmt: skip

#: By name of the published CSV.
PUBLISHED: dict[str, OutputTable] = {
    "rates": _RATES,
    "comparisons": _COMPARISONS,
    "models": _MODELS,
    "benchmarks": _BENCHMARKS,
    "attrition": _ATTRITION,
    "unknowns": _UNKNOWNS,
    "definitions": _DEFINITIONS,
    "resistance": OutputTable("definition, apparent resistance and label", (
        *shared("definition"),
        Output("apparent_resistance", "text", "failures enough if dose, duration and adherence are"
               " not looked at: `yes`, `no`, `unknown`"),
        *shared("label"), Output("n", "whole number", "such patients"), *shared("status"),
    )),
    "tipping": _TIPPING,
    "clusters": OutputTable("estimand of trials and definition", (
        *shared("estimand definition"),
        Output("n_trials", "whole number", "trials"),
        Output("n_patients", "whole number", "patients behind them"),
        Output("rate", "share", "events of trials", NO_RATE),
        Output("patient_weighted_rate", "share", "mean of the patients' own shares", NO_RATE),
        Output("icc", "number", "intracluster correlation", "nobody has two trials", "up to 1"),
        Output("design_effect", "number", "variance over that of as many trials of as many"
               " patients", NO_RATE),
        *shared("status"),
    )),
    "curves": _CURVES,
    "age_curves": _AGE_CURVES,
    "first_trials": OutputTable("estimand, definition and episode", (
        *shared("estimand definition"),
        Output("episode", "text", "in which episode the first trial lay: `first`, `later`,"
               " `unknown`"),
        Output("n", "whole number", "certain members"),
        Output("share", "share", "of all certain members", NO_RATE),
        *shared("status"),
    )),
    "grades": OutputTable("definition and grade, of definitions that have grades", (
        *shared("definition"),
        Output("grade", "text", "the grade; `none`: certainly none; `unknown`"),
        Output("n", "whole number", _EVERYBODY), *shared("status"),
    )),
    "agreement": _AGREEMENT,
    "overlaps": OutputTable("set of definitions that call the same patients resistant", (
        Output("definitions", "text", "ids, joined by `; `, or `none`"),
        Output("n_definitions", "whole number", "how many"),
        Output("n", "whole number", "patients, each in one row"),
        Output("n_indeterminate", "whole number", "of these, another definition leaves open"),
        *shared("status"),
    )),
    "multiverse": _MULTIVERSE,
    "label_flows": OutputTable("definition, label before and label now", (
        *shared("definition"),
        Output("label_before", "text", "in the last run; `absent`: not in the cohort"),
        Output("label_now", "text", "in this run; `absent`: not in the cohort"),
        Output("n", "whole number", "such patients"), *shared("status"),
    )),
    "rate_changes": _RATE_CHANGES,
    "drift": _DRIFT,
    "characteristics": _CHARACTERISTICS,
    "questions": QUESTIONS,
    "question_contrasts": QUESTION_CONTRASTS,
    "question_curves": make_question_curves(_CURVES),
}  # fmt: skip
