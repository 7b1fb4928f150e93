"""Relapse after response, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

RELAPSE = Told(
    question="relapse",
    title="Relapse after response",
    lead=(
        "In how many patients symptoms returned after response: on the treatment that brought it,"
        " early (within eight weeks of the response), and after its end. Of each patient it is the"
        " first antidepressant trial with a response. Response is a rating of at most half of the"
        " baseline score on the same scale; it is lost where a later one is above half. That is an"
        " outcome of its own: who responded is no failure of the trial, whatever came later.",
    ),
    caveats=(
        "A return is seen in one rating, but that there was none asks for ratings until eight weeks"
        " are over. So the share of early return among the known is too high where few are rated so"
        " long; the bounds hold, and the curve at day 56, which counts everybody for as long as"
        " they were rated, is the better estimate.",
        "Who is ill again is rated more often than who stays well: after the end of treatment above"
        " all.",
        "A relapse between two ratings that was over by the second is not seen.",
    ),
    captions={
        "relapse_on_treatment": "Response lost on the treatment that brought it",
        "early_return": "Response lost within eight weeks",
        "relapse_after_stop": "Symptoms back after the end of a treatment on which they had not"
        " returned",
    },
    names={
        "responders": "patients with a response",
        "stopped_well": "patients who stopped before any return",
        "relapse_on_treatment": "relapse on treatment",
        "early_return": "early return",
        "relapse_after_stop": "relapse after the end",
        "definite": "relapse shown by a rating",
    },
    curves={"time_to_relapse": "Time from response to relapse on the treatment"},
)
