"""Sets of rows of a file that has one row a patient, or one row a treatment: what stands side by
side in numbered columns becomes rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trdanalysis.intake.proposal.cells import DAYS_A_MONTH
from trdanalysis.intake.proposal.headings import Heading
from trdanalysis.intake.proposal.lines import Line, RowSet
from trdanalysis.intake.proposal.sheet import Sheet, complete

#: The contract's columns of a trial that hold a score before and after it.
_MOMENTS = {"before": "baseline_score", "after": "endpoint_score"}
#: So many numbered columns of small numbers are a questionnaire's items and not its totals.
_FEWEST_ITEMS, _HIGHEST_ITEM = 5, 6


def propose_numbered_trials(sheet: Sheet) -> list[RowSet]:
    """Propose trials from numbered groups of columns, such as ``drug1``, ``dose1``, ``drug2``."""
    numbered = sheet.of("trials", numbered=True)
    with_drug = {one.index for one in numbered if one.column == "drug"}
    numbered += [
        one for one in sheet.of("assessments", numbered=True)
        if one.moment is not None and one.index in with_drug
    ]  # fmt: skip
    by_index: dict[str, dict[str, Heading]] = {}
    for one in numbered:
        key = _MOMENTS[one.moment] if one.moment is not None else str(one.column)
        taken = by_index.setdefault(str(one.index), {})
        if key in taken:
            sheet.left_over[one.name] = f"a trial has one `{key}`, taken from `{taken[key].name}`"
            continue
        taken[key] = one
    alike: dict[tuple[tuple[str, str | None], ...], list[str]] = {}
    for index, members in by_index.items():
        shape = tuple((key, one.pattern) for key, one in members.items())
        alike.setdefault(shape, []).append(index)
    found = []
    for indexes in alike.values():
        members = by_index[indexes[0]]
        if "drug" not in members and "start_day" not in members:
            for index in indexes:
                for one in by_index[index].values():
                    sheet.left_over[one.name] = "numbered, but no drug or start has its number"
            continue
        found += _numbered_sets(sheet, indexes, by_index)
    return found


def _numbered_sets(
    sheet: Sheet, indexes: list[str], by_index: dict[str, dict[str, Heading]]
) -> list[RowSet]:
    members = by_index[indexes[0]]
    names = {key: [by_index[index][key].name for index in indexes] for key in members}
    columns = [Line("trial_id", {"constant": "t{}"}, "sure", "the number of the group")]
    for key, one in members.items():
        columns.append(sheet.line(_as_trial(one), names[key], key))
    columns += _scale_lines(members.values())
    told = ", ".join(f"`{one.pattern}`" for one in members.values())
    each = Line("for_each", indexes, "sure", f"numbered columns: {told}")
    patterns = {key: str(one.pattern) for key, one in members.items()}
    wheres = cover(sheet, names, patterns)
    rows = RowSet("trials", "treatments side by side, a row for each number", columns)
    return [complete(sheet, replace(rows, head=[each, *lines])) for lines in wheres]


def _as_trial(one: Heading) -> Heading:
    return replace(one, table="trials")


def _scale_lines(members: Any) -> list[Line]:
    scales = {one.scale: one for one in members if one.scale is not None and one.moment is not None}
    if len(scales) != 1:
        return []
    one = next(iter(scales.values()))
    return [constant_scale(one)]


def constant_scale(one: Heading) -> Line:
    """Give the line that says which scale a column's name stands for."""
    recipe: dict[str, Any] = {"constant": one.scale}
    if not one.scale_is_exact:
        recipe["assumption"] = f"Scores whose version is not named are taken for {one.scale}."
    return Line("scale", recipe, "sure" if one.scale_is_exact else "unsure", one.why)


def cover(sheet: Sheet, names: dict[str, list[str]], patterns: dict[str, str]) -> list[list[Line]]:
    """Give conditions that together take every row on which a treatment has a filled cell.

    Returns
    -------
    list
        The conditions of each set of rows that is needed: one, or several where rows without a
        drug have a start, so that none is lost.
    """
    order: list[str] = [key for key in ("drug", "start_day") if key in names]
    order += [key for key in names if key not in order and key != "trial_id"]
    groups = len(next(iter(names.values())))
    left = {
        (place, row)
        for key in order
        for place in range(groups)
        for row, cell in enumerate(sheet.profiles[names[key][place]].cells)
        if cell is not None
    }
    found: list[list[Line]] = []
    passed: list[dict[str, Any]] = []
    for key in order:
        taken = {
            (place, row)
            for place, row in left
            if sheet.profiles[names[key][place]].cells[row] is not None
        }
        if not taken and found:
            continue
        here = [*passed, {"column": patterns[key], "filled": True}]
        why = "rows where it is filled" if not passed else "the rest, so that no row is lost"
        found.append([Line("where", here[0] if len(here) == 1 else here, "sure", why)])
        left -= taken
        passed.append({"column": patterns[key], "filled": False})
        if not left:
            break
    return found


def propose_plain_trials(sheet: Sheet, trial_id: Line) -> list[RowSet]:
    """Propose trials where each row of the file has at most one."""
    members = {str(one.column): one for one in sheet.of("trials") if one.column != "trial_id"}
    members = with_scores(sheet, members)
    columns = [trial_id]
    for key, one in members.items():
        columns.append(sheet.line(replace(_as_trial(one), pattern=None, index=None), (), key))
    columns += scale_lines(sheet, members)
    rows = RowSet("trials", "one treatment a row", columns)
    names = {key: [one.name] for key, one in members.items()}
    if not names or _all_rows_have(sheet, names):
        return [complete(sheet, rows)]
    wheres = cover(sheet, names, {key: one.name for key, one in members.items()})
    return [complete(sheet, replace(rows, head=lines)) for lines in wheres]


def with_scores(sheet: Sheet, members: dict[str, Heading]) -> dict[str, Heading]:
    """Add the scores before and after treatment that name their scale, of one scale."""
    moments = [
        one for one in (*sheet.of("assessments"), *sheet.of("assessments", numbered=True))
        if one.moment is not None
    ]  # fmt: skip
    scale = _one_scale(moments)
    found = dict(members)
    for one in moments:
        key = _MOMENTS[str(one.moment)]
        if one.scale != scale or key in found:
            sheet.left_over[one.name] = "a trial has one scale, one score before and one after it"
        else:
            found[key] = one
    return found


def scale_lines(sheet: Sheet, members: dict[str, Heading]) -> list[Line]:
    """Give the line of the scale of a trial's scores; the file's only one where none is named."""
    if "scale" in members or not set(_MOMENTS.values()) & set(members):
        return []
    named = _scale_lines(members.values())
    every = sheet.of("assessments") + sheet.of("assessments", numbered=True)
    others = {one.scale: one for one in every if one.scale is not None}
    if named or len(others) != 1:
        return named
    one = next(iter(others.values()))
    told = f"Scores before and after treatment are taken for {one.scale}."
    recipe = {"constant": one.scale, "assumption": told}
    return [Line("scale", recipe, "unsure", f"the only scale that the file names, by `{one.name}`")]


def _all_rows_have(sheet: Sheet, names: dict[str, list[str]]) -> bool:
    number = len(sheet.people)
    cells = [sheet.profiles[name].cells for group in names.values() for name in group]
    return all(any(column[row] is not None for column in cells) for row in range(number))


def _one_scale(moments: Sequence[Heading]) -> str | None:
    """Choose the scale with a score before and one after, the first of several."""
    for one in moments:
        both = {other.moment for other in moments if other.scale == one.scale}
        if len(both) == 2:
            return one.scale
    return moments[0].scale if moments else None


def propose_wide_ratings(sheet: Sheet) -> list[RowSet]:
    """Propose ratings from columns that name a scale and a week, day or month."""
    groups: dict[tuple[str | None, str | None, str | None], list[Heading]] = {}
    for one in sheet.of("assessments", numbered=True):
        if one.scale is not None and one.moment is None:
            groups.setdefault((one.scale, one.time, one.pattern), []).append(one)
    days = {one.index: one for one in sheet.of("assessments", numbered=True) if one.column == "day"}
    found = []
    for members in groups.values():
        if _are_items(sheet, members):
            for one in members:
                sheet.left_over[one.name] = (
                    f"looks like a single item of {one.scale}: the contract takes its total"
                )
            continue
        found.append(_ratings_at_times(sheet, members, days))
    return found


def _are_items(sheet: Sheet, members: list[Heading]) -> bool:
    numbers = [n for one in members for n in sheet.profiles[one.name].numbers]
    small = max(numbers, default=0) <= _HIGHEST_ITEM
    return members[0].time == "number" and len(members) >= _FEWEST_ITEMS and small


def _ratings_at_times(
    sheet: Sheet, members: list[Heading], days: dict[str | None, Heading]
) -> RowSet:
    first = members[0]
    names = [one.name for one in members]
    indexes = [str(one.index) for one in members]
    score = sheet.line(first, names, "score")
    dated = [days.get(one.index) for one in members]
    patterns = {one.pattern for one in dated if one is not None}
    if first.time in ("number", "visit") and None not in dated and len(patterns) == 1:
        own = [one for one in dated if one is not None]
        day = sheet.line(own[0], [one.name for one in own], "day")
    else:
        day = _day_of_name(first)
    columns = [day, constant_scale(first), score]
    idle = not day.is_active
    if idle:
        columns = [replace(line, is_active=False) for line in columns]
    each = Line("for_each", indexes, "sure", f"numbered columns: `{first.pattern}`", not idle)
    where = {"column": str(first.pattern), "filled": True}
    taken = Line("where", where, "sure", "a row for each score that is there", not idle)
    rows = RowSet("assessments", f"{first.scale}, scores side by side", columns, [each, taken])
    if idle:
        for name in names:
            sheet.left_over[name] = "scores without a day: see the commented rows above"
        return rows
    return complete(sheet, rows)


def _day_of_name(one: Heading) -> Line:
    """Give the day that a name says: a week times seven; of a visit it is not known."""
    if one.time == "week":
        recipe: dict[str, Any] = {"constant": "{}", "multiply": 7}
        recipe["assumption"] = "Ratings of a week were made on the day of its number times seven."
        return Line("day", recipe, "likely", "the week that the name gives, times 7")
    if one.time == "day":
        return Line("day", {"constant": "{}"}, "sure", "the day that the name gives")
    if one.time == "month":
        recipe = {"constant": "{}", "multiply": DAYS_A_MONTH, "round": "nearest"}
        recipe["assumption"] = f"A month is {DAYS_A_MONTH} days."
        return Line("day", recipe, "unsure", "months are no certain number of days")
    told = "TODO is the number a week, a day or a visit? For weeks:"
    return Line("day", {"constant": "{}", "multiply": 7}, "unsure", told, is_active=False)


def propose_plain_ratings(sheet: Sheet) -> list[RowSet]:
    """Propose ratings of a row of the file: a score, beside its day."""
    scores = [
        one for one in sheet.of("assessments")
        if one.column == "score" and one.moment is None and one.time is None
    ]  # fmt: skip
    days = [one for one in sheet.of("assessments") if one.column == "day"]
    scales = [one for one in sheet.of("trials") if one.column == "scale"]
    found = []
    for one in scores:
        if one.scale is None and not scales:
            sheet.left_over[one.name] = "a score, but nothing says of which scale"
            continue
        if not days:
            sheet.left_over[one.name] = (
                f"a score of {one.scale or 'a scale'}, but its day is not known"
            )
            continue
        scale = constant_scale(one) if one.scale is not None else sheet.line(scales[0])
        columns = [sheet.line(days[0]), scale, sheet.line(one)]
        where = {"column": one.name, "filled": True}
        head = [Line("where", where, "sure", "a row for each score that is there")]
        about = f"{one.scale or 'ratings'}, a row of the file each"
        found.append(complete(sheet, RowSet("assessments", about, columns, head)))
    if days and not found:
        for one in days:
            sheet.left_over.setdefault(one.name, "a day, but no score stands beside it")
    return found
