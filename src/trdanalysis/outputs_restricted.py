"""Patient-level tables, which stay at the site: what a row is, and what each column means."""

from __future__ import annotations

from trdanalysis.contract import ASSESSMENTS, DOSES, PATIENTS, TRIALS, Column, TableSpec
from trdanalysis.outputs import Kind, Output, OutputTable, shared

_KINDS: dict[str, Kind] = {
    "integer": "whole number", "day": "day", "number": "number", "three_valued": "three-valued",
}  # fmt: skip

_UNKNOWN = "unknown"


def _of_contract(column: Column) -> Output:
    """Give a column that comes out as it went in."""
    return Output(
        column.name,
        _KINDS.get(column.kind, "text"),
        column.meaning,
        "" if column.key else _UNKNOWN,
        column.unit or "",
    )


def _all_of(spec: TableSpec) -> tuple[Output, ...]:
    return tuple(_of_contract(column) for column in spec.columns)


def _some_of(spec: TableSpec, names: str) -> tuple[Output, ...]:
    return tuple(_of_contract(spec.column(name)) for name in names.split())


_PATIENT_ID = _of_contract(PATIENTS.column("patient_id"))
_TRIAL_ID = _of_contract(TRIALS.column("trial_id"))
_DROP = Output("drop_id", "text", "the drop whose row stands")
_LINE = Output("line", "whole number", "line of the file in the drop, the header being line 1")


def _three(name: str, meaning: str, null: str = _UNKNOWN) -> Output:
    return Output(name, "three-valued", meaning, null)


_CRITERIA = (
    _three("antidepressant", "an antidepressant, as the main drug, for depression; or what else"
           " the definition counts"),
    _three("first_line", "on the definition's list of first-line drugs"),
    _three("dose_adequate", "the dose, or a dose step, reached the minimum"),
    _three("duration_adequate", "long enough; with dose steps, at an adequate dose"),
    _three("adherence_adequate", "taken on enough of the days"),
    _three("nonresponse", "no response, as the definition reads it"),
)  # fmt: skip
_JUDGED = (
    *_CRITERIA,
    _three("remission", "the outcome is remission"),
    _three("failed", "all six criteria are yes"),
    Output("adequate_days", "whole number", "days at an adequate dose", _UNKNOWN, "days"),
)
_OUTCOME = (
    Output("outcome", "text", "`remission`, `response`, `partial_response` or `no_response`",
           _UNKNOWN),
    Output("outcome_source", "text", "`scores`, `assessments` (a score was filled from ratings) or"
           " `rating`", "outcome unknown"),
)  # fmt: skip
_VERDICT = Output("verdict", "text", "the criterion that decided, or `failed`; see"
                  " [words of labels](labels.md)")  # fmt: skip
_DURATION = Output("duration_days", "whole number", "from start to stop, or to the last day"
                   " observed", _UNKNOWN, "days")  # fmt: skip
_ESTABLISHED = Output("established_day", "day", "the day on which the failure was established",
                      "no certain failure, or the day unknown",
                      "days from the patient's private origin")  # fmt: skip

_LABELS = OutputTable("patient and definition", (
    _PATIENT_ID, *shared("definition label"),
    Output("reason", "text", "the criterion that decided; see [words of labels](labels.md)"),
    Output("failures_definite", "whole number", "certainly so many failures count; of"
           " prescription rules, treatments begun"),
    Output("failures_possible", "whole number", "possibly so many, quarantined trials included"),
    _three("mdd", "diagnosis of MDD and no bipolar disorder"),
    _three("enough_failures", "the definition's resistance"),
    _three("impaired", "daily functioning affected"),
    _three("not_excluded", "no exclusion holds, and the age is the definition's"),
    _three("apparent_resistance", "failures enough whatever dose, duration and adherence",
           "unknown, or the definition does not count failures"),
    _three("pseudo_resistance", "apparent resistance that something else explains",
           "unknown, or the definition does not count failures"),
    Output("onset_day", "day", "the day on which resistance was reached", "not resistant, or the"
           " day unknown", "days from the patient's private origin"),
    Output("qualifying_trials", "list of texts", "`trial_id` of the failed trials, by start"),
    Output("on_defaults", "yes or no", "the label would differ without the stated defaults for"
           " empty cells"),
    Output("grade", "text", "grade by definitions that have grades; `none`: certainly none",
           "unknown, or the definition has none"),
    Output("score_low", "number", "least the score can be", "the definition has no score",
           "points"),
    Output("score_high", "number", "most the score can be", "the definition has no score",
           "points"),
))  # fmt: skip

_TRIALS = OutputTable("trial, judged by the primary definition", (
    _PATIENT_ID, _TRIAL_ID, _DROP,
    Output("ingredient", "text", "generic name, or the word for what is no drug", "unrecognised"),
    Output("moiety", "text", "active moiety", "unrecognised, or no drug of the table"),
    Output("drug_class", "text", "class", "unrecognised, or no drug of the table"),
    *_JUDGED,
    Output("reduction", "number", "share of the baseline score lost; negative: gained",
           "not computable", "share"),
    *_OUTCOME, _VERDICT,
    *_some_of(TRIALS, "role start_day stop_day"), _DURATION,
    *_some_of(TRIALS, "dose_mg_per_day adherence scale baseline_score baseline_day"
              " endpoint_score endpoint_day rated_outcome stop_reason episode"),
    _ESTABLISHED, _LINE,
    Output("outcomes_disagree", "yes or no", "scores and the clinician's rating disagree on"
           " response; the scores stand"),
    Output("observed_before_start", "yes or no", "`last_observed_day` lies before the start"),
    Output("treatment_key", "text", "what makes the treatment the same or another; never empty"),
), note="Scores and their days are those that were used, filled from ratings where they were"
        " lacking.")  # fmt: skip

_LOCATED = (
    Output("table", "text", "the table"),
    Output("column", "text", "the column", "the row as a whole"),
    Output("line", "whole number", "line of the file", "the column as a whole"),
    Output("rule", "text", "what was found"),
    Output("action", "text", "what was done: `cell_set_unknown`, `counted_once`, `kept_out`,"
           " `reported`, `unknown_throughout`, `scores_stand`, `ignored`"),
)  # fmt: skip

#: By file within `restricted/cohort/`.
COHORT: dict[str, OutputTable] = {
    "labels.parquet": _LABELS,
    "trials.parquet": _TRIALS,
    "trial_verdicts.parquet": OutputTable("trial and definition other than the primary", (
        _PATIENT_ID, _TRIAL_ID, *shared("definition"), *_JUDGED, _DURATION, *_OUTCOME, _VERDICT,
        _ESTABLISHED,
    )),
    "evidence.parquet": OutputTable("criterion of a patient or trial, or part of a change, by"
                                    " definition", (
        _PATIENT_ID, *shared("definition"),
        Output("part", "text", "`criterion` of the patient, `trial` criterion, or `change`"),
        Output("item", "text", "the criterion"),
        Output("trial_id", "text", "the trial", "the patient's own criterion"),
        _three("value", "whether the criterion is met"),
        Output("observed", "number", "the number it was judged by", "unknown, or no number",
               "as `unit`"),
        Output("needed", "number", "its threshold", "no number", "as `unit`"),
        Output("unit", "text", "of both numbers", "no number"),
        Output("decides", "yes or no", "the criterion makes the label what it is",
               "parts of a change"),
        Output("to_label", "text", "the label that would follow", "no change"),
        Output("option", "whole number", "rows of one option belong together; any one suffices",
               "no change"),
        Output("changes", "whole number", "how many rows the option has", "no change"),
    )),
    "patients.parquet": OutputTable("patient", (
        *_all_of(PATIENTS), _LINE,
        Output("age_band", "text", "band of the configuration", _UNKNOWN),
        *(_three(group, f"any {group} factor is yes; no where all are no")
          for group in ("biological", "psychological", "environmental")),
        _DROP,
        _three("medication_related", "any antidepressant trial had too little dose, days or"
               " adherence", "unknown, or no certain antidepressant trial"),
    )),
    "findings.csv": OutputTable("finding that only judging shows", (_DROP, *_LOCATED)),
}  # fmt: skip

_QUARANTINED = OutputTable("trial that was set aside, of an accepted patient", (
    _PATIENT_ID, Output("trial_id", "text", "identifier of the trial", "none could be read"),
    _LINE,
))  # fmt: skip


def _flags(names: str) -> tuple[Output, ...]:
    return tuple(
        Output(f"{name}_is_bad", "yes or no", f"`{name}` held something that cannot be read")
        for name in names.split()
    )


#: By file within `restricted/drops/<id>/`.
DROP: dict[str, OutputTable] = {
    "patients.parquet": OutputTable("accepted patient", (*_all_of(PATIENTS), _LINE)),
    "trials.parquet": OutputTable("accepted trial", (
        *_all_of(TRIALS),
        Output("drug_key", "text", "the normalised name", "no name"),
        Output("ingredient", "text", "generic name, or the word for what is no drug",
               "unrecognised"),
        Output("drug_role", "text", "role of the drug in the reference tables", "unrecognised"),
        *_flags("role for_depression baseline_day endpoint_day stop_reason"), _LINE,
    )),
    "doses.parquet": OutputTable("accepted dose step", (*_all_of(DOSES), _LINE)),
    "assessments.parquet": OutputTable("accepted rating", (*_all_of(ASSESSMENTS), _LINE)),
    "quarantined_trials.parquet": _QUARANTINED,
    "findings.csv": OutputTable("finding", _LOCATED),
    "quarantine.csv": OutputTable("row that was set aside", (
        Output("table", "text", "the table"), _LINE, Output("reason", "text", "why"),
    )),
    "unrecognised.csv": OutputTable("word that no reference table has", (
        Output("table", "text", "the table"), Output("column", "text", "the column"),
        Output("word", "text", "the word as it came"),
        Output("rows", "whole number", "rows that have it"),
        Output("suggestion", "text", "what it may stand for; decides nothing", "nothing near"),
        Output("distance", "whole number", "letters to change", "not by likeness"),
        Output("why", "text", "why so, or why not", "nothing to say"),
        Output("drop_id", "text", "the drop"),
    )),
}  # fmt: skip

#: By file within `restricted/`: what was told of the run as a whole.
RUN: dict[str, OutputTable] = {
    "changes.csv": OutputTable("changed label and changed row of its patient", (
        _PATIENT_ID, *shared("definition"),
        Output("change", "text", "`new`, `gone`, `relabelled` or `other_reason`"),
        *(Output(f"{what}_{when}", "text", f"{what} {told}", "not in the cohort of that run")
          for what in ("label", "reason")
          for when, told in (("before", "in the last run"), ("now", "in this run"))),
        Output("row_change", "text", "`added`, `removed`, `altered`, or `none`: no row changed"),
        Output("drop_before", "text", "the drop that brought the row then", "there was none"),
        Output("drop_now", "text", "the drop that brings it now", "there is none"),
        Output("table", "text", "the row's table", "no row changed"),
        Output("row_key", "text", "the row's key after the patient", "no row changed, or the"
               " patient's own row"),
    )),
    "cohort/accepted/pooling.csv": OutputTable("drop and table", (
        Output("drop_id", "text", "the drop"), Output("table", "text", "the table"),
        Output("accepted", "whole number", "accepted rows: the sum of the next three"),
        Output("in_cohort", "whole number", "rows that stand"),
        Output("again", "whole number", "a later drop brought the same row"),
        Output("replaced", "whole number", "a later drop replaced them"),
    )),
}  # fmt: skip
