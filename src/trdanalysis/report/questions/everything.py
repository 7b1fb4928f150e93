"""Every question in words, in the order of the page; and its section."""

from __future__ import annotations

from trdanalysis.report.contents import QUESTIONS, Block, Heading, Section
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.questions.after_trd import AFTER_TRD
from trdanalysis.report.questions.checklist import CHECKLIST
from trdanalysis.report.questions.medication_errors import MEDICATION_ERRORS
from trdanalysis.report.questions.relapse import RELAPSE
from trdanalysis.report.questions.symptoms import SYMPTOMS
from trdanalysis.report.questions.tables import answer_tables, contrast_table, curve_table
from trdanalysis.report.questions.told import Told
from trdanalysis.report.questions.trial_eligibility import TRIAL_ELIGIBILITY
from trdanalysis.report.questions.young_adults import YOUNG_ADULTS

#: In the order of questions.csv.
TOLD: dict[str, Told] = {
    each.question: each
    for each in (
        SYMPTOMS, CHECKLIST, RELAPSE, AFTER_TRD, MEDICATION_ERRORS, YOUNG_ADULTS,
        TRIAL_ELIGIBILITY,
    )
}  # fmt: skip

#: Said where a run has no answer.
NO_ANSWER = "This run has no answer: nothing of it was counted, or nothing of it may be shown."


def make_question_sections(disclosed: Disclosed) -> list[Section]:
    """Make the sections of the questions that a run answers.

    Parameters
    ----------
    disclosed
        What passed disclosure control.
    """
    return [
        Section(
            f"question-{told.question.replace('_', '-')}", told.title, QUESTIONS,
            tuple(_blocks(disclosed, told)),
        )
        for told in TOLD.values()
    ]  # fmt: skip


def _blocks(disclosed: Disclosed, told: Told) -> list[Block]:
    tables = disclosed.tables
    blocks: list[Block] = [*told.lead]
    answers = answer_tables(tables["questions"], told)
    if not answers:
        blocks.append(NO_ANSWER)
    blocks += told.draw(disclosed)
    blocks += [table for _, table in answers]
    compared = contrast_table(tables["question_contrasts"], told)
    curve = curve_table(tables["question_curves"], told)
    if compared.rows:
        blocks += [Heading("Compared"), compared]
    if curve is not None:
        blocks += [Heading("Over time"), curve]
    if told.caveats:
        blocks += [Heading("What this cannot say"), *told.caveats]
    return blocks
