"""Files of figures: the same bytes in every process, fonts inside, and drafts that stay."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.support import CONFIG, REFERENCE, ROOT
from tests.unit.report_pages import published, report_tables
from trdanalysis import layout
from trdanalysis.cli import main
from trdanalysis.commands import figure as command
from trdanalysis.commands.figure import run_figure
from trdanalysis.commands.paper_folder import find_paper_file
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.report.crate import CONTENTS
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.style import POINTS_PER_MM
from trdanalysis.report.figures.described import describe_figures
from trdanalysis.report.figures.files import render_figure, render_figures
from trdanalysis.settings import Settings, read_settings, read_yaml

_HASHES = """
import hashlib
from tests.unit.report_pages import published, report_tables
from trdanalysis.report.figures.files import render_figures
for name, content in render_figures(report_tables(published())).items():
    print(hashlib.sha256(content).hexdigest(), name)
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render_figures(report_tables(published()))


def test_every_file_is_there(files: dict[str, bytes]) -> None:
    assert tuple(files) == layout.FIGURE_FILES
    assert all(files.values())
    assert sum(map(len, files.values())) < 20_000_000
    stems = {name.rpartition(".")[0] for name in files}
    assert stems <= set(CONTENTS)


def test_another_process_writes_the_same_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    # Neither the order of sets nor the settings of a drawing person's machine matter.
    (tmp_path / "matplotlibrc").write_text(
        "lines.linewidth: 9\nfont.size: 30\nsvg.fonttype: none\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT),
                   "MATPLOTLIBRC": str(tmp_path)}  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", _HASHES], cwd=tmp_path, env=environment, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    own = [f"{hashlib.sha256(content).hexdigest()} {name}" for name, content in files.items()]
    assert run.stdout.splitlines() == own


def objects_of(pdf: bytes) -> str:
    """Give a PDF's objects as text, those too that are packed together."""
    text = pdf.decode("latin-1")
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            text += zlib.decompress(found[1]).decode("latin-1")
        except zlib.error:
            continue
    return text


@pytest.mark.parametrize("name", layout.FIGURES)
def test_pdf_files_hold_their_fonts(files: dict[str, bytes], name: str) -> None:
    pdf = files[f"figures/{name}.pdf"]
    text = objects_of(pdf)
    assert "/FontFile2" in text and "DejaVuSans" in text
    assert "/Type3" not in text
    assert "glyf" in text and not any(name in text for name in ("GSUB", "GPOS", "GDEF"))
    assert "CreationDate" not in text and "ModDate" not in text and "atplotlib" not in text
    assert pdf.startswith(b"%PDF-1.")


def test_svg_files_need_nothing(files: dict[str, bytes]) -> None:
    for name in layout.FIGURES:
        text = files[f"figures/{name}.svg"].decode()
        root = ElementTree.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        assert not list(root.iter(f"{space}text")), "text would need a font"
        assert not list(root.iter(f"{space}image"))
        title, told = root.find(f"{space}title"), root.find(f"{space}desc")
        assert title is not None and told is not None and title.text and told.text
        assert root.get("role") == "img"
        assert "var(--" not in text and "dc:date" not in text
        references = re.findall(r'href="([^"]+)"', text)
        assert all(one.startswith("#") for one in references if "creativecommons" not in one)


def test_png_files_are_of_print_size(files: dict[str, bytes]) -> None:
    described = describe_figures(report_tables(published()))
    widths = {figure.name: figure.width_mm for figure in described}
    assert set(widths.values()) == {85, 120, 180}
    for name in layout.FIGURES:
        image = Image.open(io.BytesIO(files[f"figures/{name}.png"]))
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        width_mm = image.width / 300 * 25.4
        assert width_mm == pytest.approx(widths[name], abs=0.2)
        assert "Software" not in image.info and image.info["Title"]
        assert image.height / 300 * 25.4 < 240, "higher than a page with its caption"


def test_a_draft_says_so_in_every_figure(files: dict[str, bytes]) -> None:
    made = report_tables(published())
    draft = dataclasses.replace(made, run={**made.run, "draft": True})
    for figure in describe_figures(draft):
        svg = render_figure(figure, draft, ["svg"])["svg"]
        assert svg != files[f"figures/{figure.name}.svg"]


# The verb


def settings_of(results: Path, **changed: object) -> Settings:
    given = read_yaml(CONFIG / "config.yaml") | {"results": str(results)} | changed
    return read_settings(given)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of a run whose policy allows what is asked."""
    made = report_tables(published())
    policy = {"id": "none", "only_synthetic": True}
    shown = dataclasses.replace(made, settings={**made.settings, "policy": policy})

    def load(folder: Path, reference: Path, *, is_draft: bool) -> Disclosed:
        assert folder == tmp_path / "restricted" / "disclosed"
        return dataclasses.replace(shown, run={**shown.run, "draft": is_draft})

    monkeypatch.setattr("trdanalysis.commands.paper_folder.load_disclosed", load)
    return tmp_path


def draw(results: Path, name: str = "age-curve", **asked: object) -> Path:
    options = {"form": "pdf", "width_mm": None, "grey": False, "out": None} | asked
    changed = options.pop("settings", {})
    settings = settings_of(results, **changed)  # type: ignore[arg-type]
    return run_figure(name, settings, REFERENCE, **options)  # type: ignore[arg-type]


def test_one_figure_is_drawn_as_asked(kept: Path, files: dict[str, bytes]) -> None:
    written = draw(kept)
    assert written == kept / "paper" / "age-curve.pdf"
    assert written.read_bytes() == files["figures/age-curve.pdf"]
    svg = draw(kept, "head", form="svg", width_mm=85.0, grey=True)
    assert svg.name == "headline-rates.svg"
    assert f'width="{85 * POINTS_PER_MM:.6f}'[:12] in svg.read_text(encoding="utf-8")
    image = draw(kept, out=kept / "elsewhere" / "mine.png")
    assert image.read_bytes() == files["figures/age-curve.png"]


def test_a_draft_stays(kept: Path) -> None:
    asked = {"settings": {"draft": True}}
    assert draw(kept, **asked) == kept / "restricted" / "paper" / "age-curve.pdf"
    inside = kept / "restricted" / "mine.pdf"
    assert draw(kept, out=inside, **asked) == inside
    for outside in (kept / "mine.pdf", kept / "restricted" / ".." / "mine.pdf"):
        with pytest.raises(UserError, match="a draft stays") as caught:
            draw(kept, out=outside, **asked)
        assert caught.value.exit_code == EXIT_CODES["policy"]
    assert not (kept / "mine.pdf").exists()
    link = kept / "restricted" / "link"
    link.symlink_to(kept)
    with pytest.raises(UserError):
        find_paper_file(kept, "x", link / "mine.pdf", is_draft=True)


def test_records_that_are_not_simulated_are_a_draft_by_such_a_policy(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = report_tables(published())
    drops = [{**made.run["drops"][0], "synthetic": False}]
    run = {**made.run, "synthetic": False, "drops": drops}
    settings = {**made.settings, "policy": {"id": "none", "only_synthetic": True}}
    real = dataclasses.replace(made, run=run, settings=settings)
    monkeypatch.setattr("trdanalysis.commands.paper_folder.load_disclosed", lambda *_, is_draft:
                        dataclasses.replace(real, run={**run, "draft": is_draft}))  # fmt: skip
    assert draw(kept) == kept / "restricted" / "paper" / "age-curve.pdf"


@pytest.mark.parametrize(
    ("asked", "match", "kind"),
    [({"name": "rates"}, "begins several figures", "not_found"),
     ({"name": "forrest"}, "no figure `forrest`", "not_found"),
     ({"width_mm": 20.0}, "20 mm wide", "config"),
     ({"width_mm": float("nan")}, "mm wide", "config"),
     ({"out": Path("mine.gif")}, "cannot be written as `.gif`", "config")],
)  # fmt: skip
def test_what_cannot_be_is_told(
    kept: Path, asked: dict[str, object], match: str, kind: str
) -> None:
    with pytest.raises(UserError, match=match) as caught:
        draw(kept, **asked)  # type: ignore[arg-type]
    assert caught.value.exit_code == EXIT_CODES[kind]


def test_the_command_line_draws(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}
    monkeypatch.setattr(command, "run_figure", lambda *given, **named: told.update(named))
    code = main(["figure", "headline-rates", "--format", "png", "--width-mm", "85", "--grey",
                 "--config", str(CONFIG / "config.yaml")])  # fmt: skip
    assert code == 0
    assert told == {"form": "png", "width_mm": 85.0, "grey": True, "out": None}


def test_without_results_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no results yet") as caught:
        draw(tmp_path)
    assert caught.value.exit_code == EXIT_CODES["not_found"]
