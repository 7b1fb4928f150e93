"""Files as they should not be: refused with a message that says what to do, or read in bounds."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import REFERENCE
from trdanalysis.cli import main
from trdanalysis.errors import EXIT_CODES
from trdanalysis.files import read_csv
from trdanalysis.readers.door import ROWS_NOT_JUDGED

PATIENTS = "patient_id,age_years,site\nsecret1,40,north\nsecret2,41,north\n"
TRIALS = "patient_id,trial_id,drug,start_day\nsecret1,t1,sertraline,0\nsecret2,t1,Zolofft,0\n"
#: No message may hold any of these.
VALUES = ("secret", "Zolofft", "north", "sertraline", "77")


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "a-drop"
    folder.mkdir()
    (folder / "patients.csv").write_text(PATIENTS)
    (folder / "trials.csv").write_text(TRIALS)
    return folder


def take_in(drop: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run the verb as a rule does; give the exit code and all that it said, the log included."""
    log = drop.parent / "log"
    code = main(
        ["intake", "--drop", str(drop), "--out", str(drop.parent / "out"), "--log", str(log),
         "--reference", str(REFERENCE), "--threads", "1", "--memory-limit-mb", "300"]
    )  # fmt: skip
    said = capfd.readouterr()
    text = said.out + said.err + log.read_text()
    assert "Traceback" not in text
    return code, text


def refused(drop: Path, capfd: pytest.CaptureFixture[str], kind: str = "input") -> str:
    code, text = take_in(drop, capfd)
    assert code == EXIT_CODES[kind], text
    assert not (drop.parent / "out" / "patients.parquet").exists()
    for value in VALUES:
        assert value not in text.replace(str(drop.parent), "")
    assert "Error: " in text and "  where: " in text
    return text


def test_the_drop_is_good_before_it_is_spoiled(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, text = take_in(drop, capfd)
    assert code == 0
    # The unmatched word stands in the restricted list, and nowhere in what was said.
    assert "Zolofft" not in text
    listed = read_csv(drop.parent / "out" / "unrecognised.csv").iloc[0]
    assert (listed["drop_id"], listed["word"], listed["rows"]) == ("a-drop", "Zolofft", "1")
    assert (listed["suggestion"], listed["distance"]) == ("sertraline", "1")


TEXTS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "without a header": (
        PATIENTS.split("\n", 1)[1].encode(),
        ("no column of the table", "header missing", "patient_id"),
    ),
    "without a header, values repeated": (
        b"secret1,77,77\nsecret2,77,77\n",
        ("column 2, 3", "patients.csv"),
    ),
    "with semicolons": (PATIENTS.replace(",", ";").encode(), ("a semicolon", "a comma", "2 times")),
    "with tabs": (PATIENTS.replace(",", "\t").encode(), ("a tab", "a comma")),
    "with another separator in the rows": (
        (PATIENTS.splitlines()[0] + "\nsecret1;77;north\n").encode(),
        ("1 row(s)", "line 2", "3 fields"),
    ),
    "latin-1": (PATIENTS.replace("north", "Münster north").encode("latin-1"), ("UTF-8",)),
    "latin-1, far down": (
        (PATIENTS + "p,40,x\n" * 300_000 + "p,40,Münster\n").encode("latin-1"),
        ("UTF-8",),
    ),
    "UTF-16": (PATIENTS.encode("utf-16"), ("UTF-16", "UTF-8")),
    "UTF-16 without its mark": (PATIENTS.encode("utf-16-le"), ("UTF-16", "UTF-8")),
    "with control characters": (
        (PATIENTS + "secret3,4\x000,\x1b[31mnorth\n").encode(),
        ("2 control character(s)", "line 4"),
    ),
    "with control characters in the header": (
        PATIENTS.replace("site", "si\x1b[2Jte").encode(),
        ("printable", "column 3"),
    ),
    "a cell of 50 MB": (
        PATIENTS.encode() + b"secret3,40," + b"x" * 50_000_000 + b"\n",
        ("10000000 bytes", "line 4", "document in a cell"),
    ),
    "a header of 50 MB": (b"x" * 50_000_000, ("first line", "2000000 characters")),
    "a quote that is never closed": (
        PATIENTS.encode() + b'secret3,40,"' + b"secret,1,1\n" * 3_000_000,
        ("patients.csv",),
    ),
    "a zip in the clothes of a table": (b"PK\x03\x04" + b"\x01" * 100, ("compressed (zip)",)),
    "no text at all": (bytes(range(256)) * 50, ("patients.csv",)),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_file_is_refused(drop: Path, capfd: pytest.CaptureFixture[str], case: str) -> None:
    data, says = TEXTS[case]
    (drop / "patients.csv").write_bytes(data)
    text = refused(drop, capfd)
    for one in says:
        assert one in text
    assert "a-drop" in text or "patients" in text


@pytest.mark.parametrize(("count", "limit"), [(10_000, "4000"), (1_200, "1000")])
def test_too_many_columns_are_refused_soon(
    drop: Path, capfd: pytest.CaptureFixture[str], count: int, limit: str
) -> None:
    extra = [f"x{one}" for one in range(count)]
    lines = PATIENTS.splitlines()
    text = lines[0] + "," + ",".join(extra) + "\n"
    text += "".join(line + ",1" * len(extra) + "\n" for line in lines[1:])
    (drop / "patients.csv").write_text(text)
    said = refused(drop, capfd)
    assert f"{count + 3} columns" in said and f"at most {limit}" in said


def test_a_truncated_parquet_is_refused(drop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = pa.table({"patient_id": [f"secret{one}" for one in range(5_000)]})
    pq.write_table(table, drop / "whole.parquet")
    data = (drop / "whole.parquet").read_bytes()
    (drop / "whole.parquet").unlink()
    (drop / "patients.csv").unlink()
    broken = bytearray(data)
    broken[100:8000] = bytes(7900)
    for part in (data[:-1], data[: len(data) // 2], data[:4], b"", bytes(broken)):
        (drop / "patients.parquet").write_bytes(part)
        text = refused(drop, capfd)
        assert "patients.parquet" in text and "copy is complete" in text


def test_a_parquet_bomb_is_refused_before_it_is_unpacked(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (drop / "patients.csv").unlink()
    rows = ROWS_NOT_JUDGED + 1
    same = pa.array(["secret"], pa.string()).take(pa.array([0] * 1))
    chunk = pa.DictionaryArray.from_arrays(pa.array(bytes(1_000_000), pa.int8()), same)
    with pq.ParquetWriter(
        drop / "patients.parquet", pa.schema({"patient_id": chunk.type}), compression="zstd"
    ) as writer:
        for _ in range(rows // 1_000_000 + 1):
            writer.write_table(pa.table({"patient_id": chunk}))
    assert (drop / "patients.parquet").stat().st_size < rows // 100
    text = refused(drop, capfd)
    assert "11000000 rows in" in text and "fill the disk" in text


def test_a_parquet_cell_of_50_mb_is_refused(drop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (drop / "patients.csv").unlink()
    table = pa.table({"patient_id": ["secret1"], "site": ["x" * 50_000_000]})
    pq.write_table(table, drop / "patients.parquet", compression="zstd")
    assert "1 cell(s)" in refused(drop, capfd)


@pytest.mark.parametrize("name", ["patients.csv", "patients.csv.gz", "patients.csv.zip"])
def test_compressed_tables_are_never_unpacked(
    drop: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    (drop / "patients.csv").unlink()
    if name.endswith("zip"):
        with zipfile.ZipFile(drop / name, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("patients.csv", bytes(50_000_000))
    else:
        (drop / name).write_bytes(gzip.compress(bytes(50_000_000)))
    text = refused(drop, capfd)
    assert "compressed" in text and name in text and "unpack it" in text


def test_a_mapping_does_not_have_compressed_files_unpacked(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (drop / "drop.yaml").write_text("source: flat\nmapping: mapping.yaml\n")
    (drop / "mapping.yaml").write_text("file: all.csv.gz\n")
    (drop / "all.csv.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    assert "compressed (gzip)" in refused(drop, capfd)


def test_a_link_out_of_the_drop_is_refused(drop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    outside = drop.parent / "outside.csv"
    (drop / "patients.csv").rename(outside)
    (drop / "patients.csv").symlink_to(outside)
    assert "leads out of the drop" in refused(drop, capfd)
    (drop / "patients.csv").unlink()
    (drop / "patients.csv").symlink_to(drop / "nowhere.csv")
    assert "leads out of the drop, or nowhere" in refused(drop, capfd)
    (drop / "patients.csv").unlink()
    (drop / "patients.csv").symlink_to(drop / "patients.csv")
    assert "leads out of the drop, or nowhere" in refused(drop, capfd)


def test_a_link_within_the_drop_is_read(drop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (drop / "patients.csv").rename(drop / "patients-2026.txt")
    (drop / "patients.csv").symlink_to("patients-2026.txt")
    assert take_in(drop, capfd)[0] == 0


@pytest.mark.parametrize("name", ["../outside.yaml", "mapping.yaml"])
def test_settings_name_no_file_outside_of_the_drop(
    drop: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    (drop / "drop.yaml").write_text(f"source: flat\nmapping: {name}\n")
    text = "file: ../outside.csv\nrows:\n- {table: patients, columns: {patient_id: patient_id}}\n"
    (drop / name).write_text(text)
    (drop.parent / "outside.csv").write_text(PATIENTS)
    code, said = take_in(drop, capfd)
    assert code == EXIT_CODES["config"]
    assert "secret" not in said


def test_a_folder_in_the_place_of_a_file_is_refused(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (drop / "patients.csv").unlink()
    (drop / "patients.csv").mkdir()
    assert "a folder stands where a file is expected" in refused(drop, capfd)


def test_a_pipe_is_refused_and_not_waited_for(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(drop / "doses.csv")
    assert "a pipe" in refused(drop, capfd)


def test_an_unreadable_file_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    top = Path(tempfile.mkdtemp())
    drop = top / "a-drop"
    drop.mkdir()
    (drop / "patients.csv").write_text(PATIENTS)
    (drop / "trials.csv").write_text(TRIALS)
    (drop / "patients.csv").chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        # Permissions bind everyone but root.
        for path in (top, drop):
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        assert "cannot be read: Permission denied" in refused(drop, capfd)
        drop.chmod(0)
        assert "folder cannot be read: Permission denied" in refused(drop, capfd)
    finally:
        if is_root:
            os.seteuid(0)
        drop.chmod(0o700)
        shutil.rmtree(top)


def test_aliases_of_aliases_in_settings_are_refused_at_once(
    drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = ["a0: &a0 [x, x]"] + [
        f"a{one}: &a{one} [{', '.join(['*a' + str(one - 1)] * 9)}]" for one in range(1, 40)
    ]
    (drop / "drop.yaml").write_text("\n".join(lines) + "\n")
    assert "unknown key" in refused(drop, capfd, "config")
    (drop / "drop.yaml").write_text("source: native\n" + "#" * 2_000_000)
    assert "over 1 MB" in refused(drop, capfd, "config")
