"""What the rows of a REDCap export are, and what its checkboxes say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from trdanalysis.contract import NO, YES
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.frames import Cells, cells_of
from trdanalysis.readers.raw_drop import UNREADABLE
from trdanalysis.readers.redcap.mapping import Boxes, Selection
from trdanalysis.readers.text_tables import LINE

#: Columns that REDCap adds, by the name in raw exports and by their label.
_EVENT = ("redcap_event_name", "Event Name")
_INSTRUMENT = ("redcap_repeat_instrument", "Repeat Instrument")
_INSTANCE = ("redcap_repeat_instance", "Repeat Instance")
_GROUP = ("redcap_data_access_group", "Data Access Group")
#: Ends of the columns that say whether a form is complete; labels have them numbered.
_STATUS = re.compile(r"(_complete|^Complete\?( \([0-9]+\))?)$")

#: Columns of boxes, in raw exports and in those of labels.
_BOX = re.compile(r"___|\(choice=.*\)")

_RAW_EVENT = re.compile(r"^(?P<base>.+)_arm_(?P<arm>[0-9]+)[a-z]?$")
_EVENT_LABEL = re.compile(r"^(?P<base>.+?) \(Arm (?P<arm>[0-9]+): .*\)$")
_TICKED, _UNTICKED = ("1", "checked"), ("0", "unchecked")
_COMPLETE = ("2", "complete")

# Why a row is in no set of rows.
NO_RECORD = "no_record"
NOTHING_FILLED = "nothing_filled"
EVENT_NOT_TAKEN = "event_not_taken"
INSTRUMENT_NOT_TAKEN = "instrument_not_taken"
LEFT_OUT_BY_WHERE = "left_out_by_where"


@dataclass(frozen=True)
class Export:
    """An export's rows.

    Attributes
    ----------
    frame
        Text columns and ``line``.
    events, instruments, instances
        Of each row; None where empty, or the export has no such column.
    has_events, has_instruments
        Whether it has these columns.
    fields
        Its columns but those that REDCap adds.
    """

    frame: pd.DataFrame
    events: Cells
    instruments: Cells
    instances: Cells
    has_events: bool
    has_instruments: bool
    fields: tuple[str, ...]


def read_export(frame: pd.DataFrame, patient: str) -> Export:
    """Find the columns that REDCap adds; what they are called tells raw exports from labels."""

    def find(names: Sequence[str]) -> str | None:
        return next((name for name in names if name in frame.columns), None)

    def cells(name: str | None) -> Cells:
        return [None] * len(frame) if name is None else cells_of(frame, name)

    event, instrument, instance = find(_EVENT), find(_INSTRUMENT), find(_INSTANCE)
    added = {patient, LINE, event, instrument, instance, find(_GROUP)}
    fields = tuple(name for name in frame.columns if name not in added and not _STATUS.search(name))
    return Export(
        frame, cells(event), cells(instrument), cells(instance),
        event is not None, instrument is not None, fields,
    )  # fmt: skip


def event_names(event: str | None) -> tuple[str, ...]:
    """Give what an event may be called: as the export has it, and without its arm."""
    if event is None:
        return ()
    found = _RAW_EVENT.match(event) or _EVENT_LABEL.match(event)
    return (event,) if found is None else (event, found["base"])


def arm_of(event: str | None) -> int | None:
    """Give the number of an event's arm; None where it says none: there is one arm."""
    found = (_RAW_EVENT.match(event) or _EVENT_LABEL.match(event)) if event is not None else None
    return int(found["arm"]) if found is not None else None


def mark_rows(export: Export, selection: Selection) -> Cells:
    """Say of each row whether a selection takes it: yes or None."""
    marks: Cells = []
    for event, instrument in zip(export.events, export.instruments, strict=True):
        of_event = not selection.events or bool(set(event_names(event)) & set(selection.events))
        of_arm = not selection.arms or (arm_of(event) or 1) in selection.arms
        forms = selection.instrument or (None,)
        of_form = instrument in forms
        marks.append(YES if of_event and of_arm and of_form else None)
    return marks


def check_selection(export: Export, selection: Selection, where: str) -> None:
    """Refuse names of events and instruments that the export does not have.

    Raises
    ------
    UserError
        Kind ``config``, with the nearest name; not where the selection is `optional`, or the export
        has no rows.
    """
    for wanted, has, cells, column in (
        (selection.events or selection.arms, export.has_events, export.events, _EVENT),
        (selection.instrument, export.has_instruments, export.instruments, _INSTRUMENT),
    ):
        if wanted and not has:
            raise UserError(
                f"rows are chosen by `{column[0]}`, which the export lacks",
                where=where,
                expected=f"a column `{column[0]}`, or `{column[1]}` in an export of labels",
                try_this="export with it, or leave `events`, `arms` or `instrument` out",
                kind="config",
            )
        if not len(export.frame) or selection.optional:
            continue
        known = sorted({name for cell in set(cells) for name in event_names(cell)})
        absent = [
            str(name) for name in wanted
            if not isinstance(name, int) and name not in known
        ]  # fmt: skip
        arms = {arm_of(event) or 1 for event in export.events}
        absent += [f"arm {name}" for name in wanted if isinstance(name, int) and name not in arms]
        if absent:
            raise UserError(
                f"no row of the export is of: {', '.join(f'`{name}`' for name in absent)}",
                where=where,
                try_this=(suggest(absent[0], known) if known else "look at the export")
                + " Where it may be missing, write `optional: true`.",
                kind="config",
            )


def derive_boxes(export: Export, boxes: Boxes, missing: tuple[str, ...]) -> Cells:
    """Say what a group of boxes says, row by row.

    Returns
    -------
    list
        ``yes`` where one is ticked; ``no`` where none is, all are there, and the form is complete;
        None, unknown, otherwise, and where only a box for "not known" is ticked. A cell that is
        neither ticked nor not is :data:`trdanalysis.readers.raw_drop.UNREADABLE`, unless another is
        ticked.
    """

    def cells(name: str) -> Cells:
        return [None if cell in missing else cell for cell in cells_of(export.frame, name)]

    groups = [cells(name) for name in boxes.checkbox]
    unknown = [cells(name) for name in boxes.unknown_if]
    status = cells(boxes.complete) if boxes.complete is not None else [None] * len(export.frame)
    return [
        _say([group[row] for group in groups], [one[row] for one in unknown], status[row])
        for row in range(len(export.frame))
    ]


def _say(ticks: Cells, unknown: Cells, status: str | None) -> str | None:
    low = [None if tick is None else tick.lower() for tick in ticks]
    if any(tick in _TICKED for tick in low):
        return YES
    if any(tick is not None and tick not in _UNTICKED for tick in low):
        return UNREADABLE
    if any(tick is None for tick in low):
        return None
    if any(tick is None or tick.lower() not in _UNTICKED for tick in unknown):
        return None
    return NO if status is not None and status.lower() in _COMPLETE else None


def name_rows(export: Export) -> Cells:
    """Name each row within its record: its event, its instance, or both."""
    names: Cells = []
    for event, instance in zip(export.events, export.instances, strict=True):
        parts = [part for part in (event, instance) if part is not None]
        names.append("-".join(parts) or "1")
    return names


def why_not_taken(
    export: Export, patient: str, marks: dict[str, Cells], selections: dict[str, Selection]
) -> list[str]:
    """Say of each row why no set of rows would have taken it.

    Parameters
    ----------
    export
        The rows.
    patient
        The column of the record's identifier.
    marks, selections
        For each set of rows which rows it selects, and by what.

    Returns
    -------
    list
        One reason a row, also for those that were taken.
    """
    people = cells_of(export.frame, patient)
    filled = [False] * len(people)
    for name in export.fields:
        for row, cell in enumerate(cells_of(export.frame, name)):
            # Exports write a box that nobody saw as one that is not ticked.
            unticked = cell is not None and _BOX.search(name) and cell.lower() in _UNTICKED
            filled[row] = filled[row] or (cell is not None and not unticked)
    reasons = []
    for row, event in enumerate(export.events):
        if people[row] is None:
            reasons.append(NO_RECORD)
        elif not filled[row]:
            reasons.append(NOTHING_FILLED)
        elif any(cells[row] is not None for cells in marks.values()):
            reasons.append(LEFT_OUT_BY_WHERE)
        elif any(
            (not one.events or set(event_names(event)) & set(one.events))
            and (not one.arms or (arm_of(event) or 1) in one.arms)
            for one in selections.values()
        ):
            reasons.append(INSTRUMENT_NOT_TAKEN)
        else:
            reasons.append(EVENT_NOT_TAKEN)
    return reasons
