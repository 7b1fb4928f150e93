"""Files of statistics packages and spreadsheets, as names and rows of text.

Values are read as the file stores them: codes, not their labels. Numbers are written without a
fraction where they are whole; dates and times as ISO text, so that the de-identification gate sees
them; what the package calls missing is empty.
"""

from __future__ import annotations

import datetime
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

from trdanalysis.errors import UserError

#: Suffixes of the files that :func:`read_foreign` reads, and what they are.
FOREIGN = {
    ".xpt": "SAS transport",
    ".sas7bdat": "SAS",
    ".sav": "SPSS",
    ".zsav": "SPSS",
    ".por": "SPSS portable",
    ".dta": "Stata",
    ".xlsx": "Excel",
    ".xlsm": "Excel",
}
#: Whole numbers up to here are exact as float64.
_LARGEST_WHOLE = 1e15
#: A spreadsheet that unpacks to more than this is not opened, in bytes.
MAX_UNPACKED = 2 * 1024**3


def read_foreign(
    path: Path, encoding: str, sheet: str | None
) -> tuple[list[str], list[list[str | None]], int]:
    """Read one file.

    Parameters
    ----------
    path
        A file with a suffix of :data:`FOREIGN`.
    encoding
        Of the texts in it, where the file does not say so itself; `utf-8` leaves it to the file.
    sheet
        Of a spreadsheet; the first if None.

    Returns
    -------
    tuple
        Names of the columns, rows of text, and the number of the first row: 2, or its row in the
        spreadsheet.

    Raises
    ------
    UserError
        Where it cannot be read.
    """
    kind = FOREIGN[path.suffix.lower()]
    if kind == "Excel":
        return _read_excel(path, sheet)
    names, columns = _read_package(path, kind, encoding)
    texts = [[text_of(value) for value in column] for column in columns]
    return names, [list(row) for row in zip(*texts, strict=True)], 2


def text_of(value: Any) -> str | None:
    """Give a stored value as the text of a cell; None where it is missing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        # A date that was stored with a clock of its own.
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, (int, str)):
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if math.isnan(number):
        return None
    whole = number.is_integer() and abs(number) <= _LARGEST_WHOLE
    return str(int(number)) if whole else repr(number)


def _read_package(path: Path, kind: str, encoding: str) -> tuple[list[str], list[list[Any]]]:
    # Slow to import, and few runs need it.
    import pyreadstat

    readers: dict[str, Any] = {
        "SAS transport": pyreadstat.read_xport,
        "SAS": pyreadstat.read_sas7bdat,
        "SPSS": pyreadstat.read_sav,
        "SPSS portable": pyreadstat.read_por,
        "Stata": pyreadstat.read_dta,
    }
    # Records of a transport file are filled up to 80 bytes; the reader takes a part for the whole.
    if kind == "SAS transport" and path.stat().st_size % 80:
        raise _not_whole(path, kind)
    own = None if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The reader of portable files has no word for the encoding.
            told = {} if kind == "SPSS portable" else {"encoding": own}
            data, _ = readers[kind](str(path), output_format="dict", **told)
    except UnicodeDecodeError:
        raise _not_decoded(path, encoding) from None
    except Exception as error:  # pyreadstat raises classes of its own, and bare ones
        if "encod" in str(error).lower():
            raise _not_decoded(path, encoding) from None
        raise _not_whole(path, kind) from None
    names = list(data)
    return [name.strip() for name in names], [list(data[name]) for name in names]


def _not_whole(path: Path, kind: str) -> UserError:
    return UserError(
        f"the file cannot be read as {kind}",
        where=path.name,
        expected=f"a whole {kind} file",
        try_this="check that the copy is complete",
    )


def _not_decoded(path: Path, encoding: str) -> UserError:
    return UserError(
        f"texts of the file are not {encoding}",
        where=path.name,
        try_this="say in the mapping what they are, such as `encoding: cp1252`",
    )


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (OSError, zipfile.BadZipFile):
        return  # openpyxl says that it cannot be read
    if size > MAX_UNPACKED:
        raise UserError(
            f"the spreadsheet unpacks to {size / 1024**3:.0f} GiB",
            where=path.name,
            expected=f"at most {MAX_UNPACKED // 1024**3} GiB",
            try_this="save the sheet as CSV",
        )


def _read_excel(path: Path, sheet: str | None) -> tuple[list[str], list[list[str | None]], int]:
    import openpyxl

    _refuse_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception:  # a damaged file raises what zip, XML and openpyxl have
        raise UserError(
            "the file cannot be read as Excel",
            where=path.name,
            expected="a whole .xlsx file without a password",
        ) from None
    if sheet is not None and sheet not in book.sheetnames:
        raise UserError(
            f"the file has no sheet `{sheet}`",
            where=path.name,
            try_this="its sheets are " + ", ".join(f"`{name}`" for name in book.sheetnames),
            kind="config",
        )
    page = book[sheet] if sheet is not None else book.worksheets[0]
    rows = [[text_of(value) for value in row] for row in page.iter_rows(values_only=True)]
    book.close()
    header = [(name or "").strip() for name in rows[0]] if rows else []
    # Cells that were once formatted leave empty columns and rows at the edges.
    while header and not header[-1] and all(row[len(header) - 1] is None for row in rows):
        header.pop()
    kept = [row[: len(header)] for row in rows[1:]]
    while kept and all(cell is None for cell in kept[-1]):
        kept.pop()
    return header, kept, 2
