"""Published tables of the questions beside the label: what a row of each is, and every column."""

from __future__ import annotations

from trdanalysis.outputs import NO_RATE, Output, OutputTable, shared

_NO_VALUE = "not estimable, see `reason`"
_LIMITS = shared("ci_low ci_high")
_QUESTION = Output("question", "text", "which question, see [the questions](../questions.md)")

QUESTIONS = OutputTable(
    "question, measure, population, age band, group and level; all of patients, by the primary"
    " definition",
    (
        _QUESTION,
        *shared("definition"),
        Output("measure", "text", "what is asked of the population"),
        Output("population", "text", "who is asked about"),
        Output("age_band", "text", "the age band", "all ages"),
        Output("group", "text", "what sets some of the population apart", "nothing does"),
        Output("level", "text", "what the event is"),
        Output("kind", "text", "`yes_no`: a row by itself; `one_of`: levels that exclude each"
               " other, and every one of whom it is known is in one"),
        *shared("n n_unknown events rate", n="patients of whom the event is known",
                n_unknown="the other patients of the population"),
        *_LIMITS,
        Output("ci_method", "text", "what made the limits", NO_RATE),
        *shared("bound_low bound_high status",
                bound_low="of the whole population, were every unknown no",
                bound_high="of the whole population, were every unknown yes"),
    ),
)  # fmt: skip

QUESTION_CONTRASTS = OutputTable(
    "comparison or model term of a question",
    (
        _QUESTION,
        *shared("definition"),
        Output("measure", "text", "what is compared"),
        Output("group", "text", "what sets the compared apart, or the outcome", "nothing does"),
        Output("level", "text", "which stands first, or the term", "nothing does"),
        Output("versus", "text", "what it is held against", "a figure by itself"),
        Output("model", "text", "`unadjusted`, or the model's name"),
        *shared("covariates"),
        Output("n", "whole number", "patients at `level`", "not counted there"),
        Output("n_versus", "whole number", "patients at `versus`", "not counted there"),
        Output("effect", "text", "what `value` is: `rd` difference, `rr` ratio, `or` odds ratio,"
               " `rate` standardised share, ...", "a test alone"),
        Output("value", "number", "of the effect", _NO_VALUE, "as the effect"),
        Output("ci_low", "number", "lower 95% limit", _NO_VALUE, "as the effect"),
        Output("ci_high", "number", "upper 95% limit", _NO_VALUE, "as the effect"),
        Output("ci_method", "text", "what made the limits", _NO_VALUE),
        *shared("p_value p_adjusted"),
        Output("adjustment", "text", "`holm`, `bh` (Benjamini and Hochberg), `none`", "no test"),
        *shared("n_tests status reason"),
    ),
)  # fmt: skip


def make_question_curves(curves: OutputTable) -> OutputTable:
    """Describe curves of questions, as those of curves.csv are but for what they are of."""
    return OutputTable(
        "question's curve and day",
        (
            Output("estimand", "text", "which curve, see [the questions](../questions.md)"),
            *curves.columns[1:3],
            Output("day", "whole number", "since what the curve begins with", unit="days"),
            *curves.columns[4:],
        ),
    )
