"""Spoil files: bytes, text, cells, rows, columns, types and trees of settings, all by a seed."""

from __future__ import annotations

import copy
import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import yaml

Rows = list[list[str]]

#: Cells that programs trip over. None of them is a value of a patient.
HOSTILE_CELLS = (
    "", " ", "\t", "NaN", "nan", "-nan", "inf", "-Infinity", "1e308", "1e309", "-1e400", "1e-400",
    "-0", "+5", "5.", ".5", "0x1F", "1_000", "1,5", "9" * 19, "9" * 25, "9" * 400,
    "-9223372036854775808", "9223372036854775808", "18446744073709551616", "2147483648",
    "١٢", "\uff11\uff12", "½", "²", "null", "NULL", "None", "NA", "#N/A", "True", "YES", "y",
    "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-1", "'", '"', '""', '"a', "a\"b", ",", ";", "a,b",
    "line\nbreak", "line\r\nbreak", "\r", "\u202eabc", "\u200b", "\ufeff", "\u2028", "\x85", "\xa0",
    "\u0301", "e\u0301", "\U0001f600", "\U0010ffff", "x" * 70, "x" * 5000, "../../etc/passwd",
    "a b", "2015-03-01", "1.3.2015", "someone@example.org", "{}", "[]", "<b>", "&amp;", "%s%n",
    "${HOME}", "$(id)", "`id`", "; DROP TABLE trials", "\\", "\\N", "\\x00", "1/0", "1e5", "1E+2",
)  # fmt: skip

#: Bytes put among others.
HOSTILE_BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\x7f", b"\x1a",
    b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xc2\xa0", b"\r", b"\n", b"\r\n", b"\n\n", b'"', b"'", b",", b";", b"\t", b"|", b"\\", b"#",
    b"\xe4", b"\x0b", b"\x0c", b"PK\x03\x04", b"PAR1",
)  # fmt: skip


def spoil_bytes(draw: random.Random, data: bytes) -> bytes:
    """Change, insert, repeat, swap or cut off bytes."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 5, 20))):
        at = draw.randrange(len(made) + 1)
        far = min(len(made), at + draw.choice((1, 2, 7, 40, 400)))
        how = draw.randrange(6)
        if how == 0:
            made[at:at] = draw.choice(HOSTILE_BYTES)
        elif how == 1:
            del made[at:far]
        elif how == 2:
            made[at:at] = made[at:far] * draw.choice((1, 3))
        elif how == 3 and at < len(made):
            made[at] = draw.randrange(256)
        elif how == 4 and draw.random() < 0.2:
            del made[at:]
        else:
            made[at:at] = bytes(draw.randrange(32, 127) for _ in range(draw.randrange(1, 9)))
    return bytes(made)


def spoil_encoding(draw: random.Random, text: str) -> bytes:
    """Write a text in another encoding, with other line ends, or with a mark at its begin."""
    if draw.random() < 0.5:
        text = text.replace("\n", draw.choice(("\r\n", "\r", "\n\n", "\n\r", "\u2028", "\x85")))
    accented = text.replace("o", "ö", 3)
    encoding = draw.choice(
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252",
         "utf-7", "cp037")
    )  # fmt: skip
    return accented.encode(encoding, errors="replace")


def spoil_rows(draw: random.Random, rows: Rows) -> Rows:
    """Change cells, rows and columns of a table; its header is the first row."""
    made = [list(row) for row in rows]
    for _ in range(draw.choice((1, 1, 2, 4))):
        draw.choice(_ROW_FAULTS)(draw, made)
    return made


def _cell(draw: random.Random, rows: Rows) -> None:
    row = draw.choice(rows[1:] or rows)
    if row:
        row[draw.randrange(len(row))] = draw.choice(HOSTILE_CELLS)


def _column_of_cells(draw: random.Random, rows: Rows) -> None:
    place = draw.randrange(max(len(rows[0]), 1))
    for row in rows[1:]:
        if place < len(row):
            row[place] = draw.choice(HOSTILE_CELLS)


def _heading(draw: random.Random, rows: Rows) -> None:
    if not rows[0]:
        return
    place = draw.randrange(len(rows[0]))
    name = rows[0][place]
    rows[0][place] = draw.choice(
        (name.upper(), name + " ", f" {name}", name[:-1], "", "line", rows[0][0], "x" * 300,
         *HOSTILE_CELLS[-20:], "select", "patient_id;", "rowid", "\ufeff" + name)
    )  # fmt: skip


def _ragged(draw: random.Random, rows: Rows) -> None:
    row = draw.choice(rows)
    if draw.random() < 0.5:
        row.insert(draw.randrange(len(row) + 1), draw.choice(HOSTILE_CELLS))
    elif row:
        row.pop()


def _again(draw: random.Random, rows: Rows) -> None:
    rows.insert(draw.randrange(1, len(rows) + 1), list(draw.choice(rows)))


def _gone(draw: random.Random, rows: Rows) -> None:
    if len(rows) > 1:
        del rows[draw.randrange(len(rows))]


def _empty(draw: random.Random, rows: Rows) -> None:
    rows.insert(draw.randrange(len(rows) + 1), [""] * draw.choice((0, 1, len(rows[0]))))


def _without_column(draw: random.Random, rows: Rows) -> None:
    place = draw.randrange(max(len(rows[0]), 1))
    for row in rows:
        del row[place : place + 1]


def _more_columns(draw: random.Random, rows: Rows) -> None:
    number = draw.choice((1, 1, 3, 30))
    for at, row in enumerate(rows):
        row += [f"extra{one}" if at == 0 else draw.choice(HOSTILE_CELLS) for one in range(number)]


def _other_order(draw: random.Random, rows: Rows) -> None:
    draw.shuffle(rows)


def _mixed_patients(draw: random.Random, rows: Rows) -> None:
    if len(rows) > 2:
        one, other = draw.sample(rows[1:], 2)
        if one and other:
            one[0] = other[0]


_ROW_FAULTS: tuple[Callable[[random.Random, Rows], None], ...] = (
    _cell, _cell, _cell, _column_of_cells, _heading, _ragged, _again, _gone, _empty,
    _without_column, _more_columns, _other_order, _mixed_patients,
)  # fmt: skip


def write_rows(draw: random.Random, rows: Rows) -> str:
    """Write a table as CSV, now and then with odd quoting, separators or line ends."""
    odd = draw.random() < 0.3
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=draw.choice((",", ",", ";", "\t", "|")) if odd else ",",
        quoting=draw.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)) if odd else csv.QUOTE_MINIMAL,
        lineterminator=draw.choice(("\n", "\r\n", "\r")) if odd else "\n",
    )
    writer.writerows(rows)
    return out.getvalue()


def spoil_types(draw: random.Random, rows: Rows) -> pa.Table:
    """Make a Parquet table of the rows, some columns of which have another type."""
    header, body = rows[0], rows[1:]
    arrays = [pa.array([row[at] or None for row in body], pa.string()) for at in range(len(header))]
    names = list(header)
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        at = draw.randrange(len(names))
        arrays[at] = draw.choice(_TYPE_FAULTS)(draw, len(body))
    if draw.random() < 0.1:
        names[draw.randrange(len(names))] = draw.choice((names[0], "", "line", "a\nb", "\x00"))
    table = pa.Table.from_arrays(arrays, names=names)
    if draw.random() < 0.2:
        # What a reader of pickles would run; nobody may look at it.
        table = table.replace_schema_metadata({b"pandas": b"cos\nsystem\n(S'exit 1'\ntR."})
    return table


def _of(values: tuple[Any, ...], kind: pa.DataType) -> Callable[[random.Random, int], pa.Array]:
    def make(draw: random.Random, rows: int) -> pa.Array:
        return pa.array([draw.choice(values) for _ in range(rows)], kind)

    return make


_TYPE_FAULTS: tuple[Callable[[random.Random, int], pa.Array], ...] = (
    _of((0, 1, 40, -5, None, 2**63 - 1), pa.int64()),
    _of((0, 2**64 - 1, None), pa.uint64()),
    _of((1, None), pa.int8()),
    _of((1.5, float("nan"), float("inf"), -float("inf"), 1e308, -0.0, None), pa.float64()),
    _of((1.5, float("nan"), None), pa.float32()),
    _of((True, False, None), pa.bool_()),
    _of((0, 10**12, None), pa.timestamp("us")),
    _of((0, 10**12, None), pa.timestamp("ns", tz="UTC")),
    _of((0, 20000, None), pa.date32()),
    _of((0, 1000, None), pa.time64("us")),
    _of((0, 86400, None), pa.duration("s")),
    _of((None,), pa.null()),
    _of((b"\x00\xff", None), pa.binary()),
    _of((b"abcd", None), pa.binary(4)),
    _of(([1, 2], [], None), pa.list_(pa.int32())),
    _of(([["a"]], None), pa.list_(pa.list_(pa.string()))),
    _of(({"a": 1}, None), pa.struct([("a", pa.int32())])),
    _of(([("a", 1)], None), pa.map_(pa.string(), pa.int32())),
    _of(("a", "", "\x00", "\u202ex", None), pa.large_string()),
    lambda draw, rows: pa.array(["a"] * rows).dictionary_encode(),
    lambda draw, rows: pa.array([None if n % 2 else n for n in range(rows)], pa.decimal128(38, 10)),
)

#: Values that settings are not made for.
HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**30, -(10**30), 1e308, float("nan"), float("inf"), "", " ",
    "x" * 3000, "\u202e", "\x00", "yes", "null", "1e5", [], {}, [[]], [None], {"a": None}, {1: 2},
    {None: None}, {True: []}, [{"a": [1]}], "../../etc/passwd", "/dev/null", "=1+1", "a\nb",
    ["a"] * 50,
    "{{ 1 }}", "%s", 3.5, "2015-03-01", ["a", "a"], b"bytes", -0.0,
)  # fmt: skip

#: Texts that are YAML of a kind nobody writes.
HOSTILE_YAML = (
    "", "---\n---\n", "- a\n", "a", "a: b: c", "? [a]\n: b\n", "{a: b}: c\n", "a: &a [*a]\n",
    "!!python/object/apply:os.system ['true']\n", "a: !!python/name:os.system\n",
    "a: !!binary '====='\n", "a: !!int x\n", "a: !!float x\n", "a: !!timestamp x\n",
    "a: 2001-99-99\n", "a: 2001-01-01T99:99:99\n", "a: " + "9" * 5000 + "\n", "a: 0x\n", "a: 08\n",
    "a: 1:99:99\n", "a: .inf\n", "a: .nan\n", "<<: 1\n", "<<: [1]\n", "a: {<<: {b: c}}\n",
    "[" * 400 + "]" * 400, "{a: " * 400 + "1" + "}" * 400, "a: |\n b\n\tc\n",
    "%YAML 9.9\n---\na: 1\n",
    "%TAG ! x\n---\na: !y z\n", "a: \"\\ud800\"\n", "a: '\n", "\ufeffa: 1\n", "a: 1\na: 2\n",
    "null: 1\n",
    "1: 2\n", "true: 1\n", "1.5: 2\n", "2001-01-01: 1\n", "a: !!set {b}\n", "a: !!omap [b: c]\n",
    "a: !!pairs [b: c]\n", "a: !!str 1\n", "a: !!null x\n", "a: !!bool x\n", "- - - a\n",
    "&a a: *a\n",
    "a: *b\n", "=: 1\n", "a: =\n", "\x00", "a: \x1b\n", "\u2028a: 1\n",
)  # fmt: skip


def spoil_yaml(draw: random.Random, text: str) -> bytes:
    """Spoil settings: their bytes, their text, or one place of their tree."""
    how = draw.random()
    if how < 0.2:
        return spoil_bytes(draw, text.encode())
    if how < 0.3:
        return spoil_encoding(draw, text)
    if how < 0.4:
        odd = draw.choice(HOSTILE_YAML)
        where = draw.choice(("alone", "before", "after"))
        told = {"alone": odd, "before": odd + text, "after": text + "\n" + odd}[where]
        return told.encode(errors="surrogatepass")
    tree = copy.deepcopy(yaml.safe_load(text))
    for _ in range(draw.choice((1, 1, 2, 5))):
        spoil_tree(draw, tree)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=draw.random() < 0.5).encode()


def spoil_tree(draw: random.Random, tree: Any) -> None:
    """Change one place of a tree of mappings and lists."""
    places = list(_places(tree))
    if not places:
        return
    holder, key = draw.choice(places)
    how = draw.randrange(6)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[draw.choice(("x", 1, None, True, f"{key}x", str(key).upper(), ""))] = holder[key]
    elif how == 2:
        other, at = draw.choice(places)
        holder[key] = copy.deepcopy(other[at])
    elif how == 3:
        holder[key] = draw.choice(([holder[key]], {"a": holder[key]}, str(holder[key])))
    else:
        holder[key] = copy.deepcopy(draw.choice(HOSTILE_VALUES))


def _places(tree: Any) -> Any:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])
