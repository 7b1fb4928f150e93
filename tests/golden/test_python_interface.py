"""The Python interface on the kept drop: what the workflow makes of it, and nothing else."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from pandas.testing import assert_frame_equal

import trdanalysis as trd
from tests.golden.run import HERE
from tests.support import CONFIG
from trdanalysis.analysis.rates import RATE_COLUMNS
from trdanalysis.cli import main
from trdanalysis.contract import TABLES
from trdanalysis.interface.marked import PATIENT_LEVEL, UNDISCLOSED, PatientTable
from trdanalysis.interface.typed import FLAGS, NUMBERS, TEXTS, WHOLE
from trdanalysis.layout import PUBLISHED_TABLES

DROP = HERE / "drop"
PARTS = ("labels", "trials", "verdicts", "patients", "evidence")


def read_pandas(path: Path) -> pd.DataFrame:
    """Read as users do: whole numbers with gaps become floating ones, empty cells NaN."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def read_arrow(path: Path) -> pa.Table:
    """Read with categories for texts, which Arrow calls dictionaries."""
    options = pa_csv.ConvertOptions(auto_dict_encode=True, strings_can_be_null=True)
    return pa_csv.read_csv(path, convert_options=options)


KINDS: dict[str, Callable[[Path], Any]] = {
    "pandas": read_pandas,
    "polars": lambda path: pl.read_csv(path, infer_schema_length=None),
    "arrow": read_arrow,
    "ibis": lambda path: ibis.duckdb.connect().read_csv(path),
}


def frames(kind: str) -> dict[str, Any]:
    return {name: KINDS[kind](DROP / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def run(release: Path) -> trd.Run:
    return trd.open(release.parent)


@pytest.fixture(scope="module")
def labelled() -> trd.Labelled:
    return trd.label(**frames("pandas"), drop_id="drop", config=CONFIG)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table)


# --- labels of frames are those of the workflow


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_labelled_as_the_workflow_labels_the_drop(run: trd.Run, kind: str) -> None:
    found = trd.label(**frames(kind), drop_id="drop", config=CONFIG)
    for part in PARTS:
        expected, got = plain(getattr(run, part)), plain(getattr(found, part))
        for table in (expected, got):
            if "line" in table:
                # The header of a file is line 1; a frame's first row is row 1.
                table["line"] = table["line"] - (1 if table is expected else 0)
        assert len(got) > 100
        assert_frame_equal(got, expected)
    balance = plain(run.balance).drop(columns="drop_id")
    assert_frame_equal(plain(found.balance), balance)
    for part in ("findings", "quarantine"):
        expected = getattr(run, part).drop(columns="drop_id")
        expected = expected.assign(row=expected.pop("line") - 1)
        got = getattr(found, part)
        names = list(got.columns)
        pd.testing.assert_frame_equal(
            got.fillna({"column": ""}).sort_values(names, ignore_index=True),
            expected[names].fillna({"column": ""}).sort_values(names, ignore_index=True),
        )


def test_a_further_definition_changes_nothing_of_the_first(labelled: trd.Labelled) -> None:
    both = trd.label(
        **frames("pandas"),
        definition=["article", CONFIG / "definitions" / "ema.yaml"],
        drop_id="drop",
        config=CONFIG,
    )
    assert both.definitions == ("article", "ema")
    assert_frame_equal(plain(both.trials), plain(labelled.trials))
    for part, key in (("labels", ["patient_id"]), ("verdicts", ["patient_id", "trial_id"])):
        table, alone = plain(getattr(both, part)), plain(getattr(labelled, part))
        own = table[table["definition"] == "article"].reset_index(drop=True)
        assert_frame_equal(own.sort_values(key, ignore_index=True),
                           alone.sort_values(key, ignore_index=True))  # fmt: skip
        other = table[table["definition"] == "ema"]
        assert len(other) == len(own) and not other.duplicated(key).any()
    told = both.labels.pivot(index="patient_id", columns="definition", values="label")
    assert (told["article"] != told["ema"]).any()
    assert len(trd.rates(both, definition="ema", by="overall"))


# --- rates and attrition


def test_rates_of_frames_are_those_before_disclosure(run: trd.Run, labelled: trd.Labelled) -> None:
    got, expected = trd.rates(labelled), run.before_disclosure("rates")
    assert tuple(got.columns) == RATE_COLUMNS
    assert_frame_equal(plain(got), plain(expected))
    assert got.mark == expected.mark == UNDISCLOSED
    assert_frame_equal(plain(trd.attrition(labelled)), plain(run.before_disclosure("attrition")))


def test_rates_are_filtered_and_held_against_another_reference(labelled: trd.Labelled) -> None:
    found = trd.rates(
        labelled, by=["overall", "sex"], estimand="initial_trial", analysis="complete_case",
        reference=0.5, margin=0.1,
    )  # fmt: skip
    assert list(dict.fromkeys(found["stratum"])) == ["overall", "sex"]
    assert set(found["reference"].dropna()) == {0.5}
    own = trd.rates(labelled, by="overall", estimand="initial_trial", analysis="complete_case")
    assert own["rate"].iloc[0] == found["rate"].iloc[0]
    assert own["difference"].iloc[0] != found["difference"].iloc[0]
    with pytest.raises(trd.UserError, match="expected: a fraction between 0 and 1"):
        trd.rates(labelled, reference=30)


def test_rates_of_a_run_are_the_published_ones(run: trd.Run) -> None:
    found = trd.rates(run, by="overall", estimand="trd", reference=0.30)
    assert not isinstance(found, PatientTable)
    rows = run.rates[(run.rates["stratum"] == "overall") & (run.rates["estimand"] == "trd")]
    assert_frame_equal(found, rows.reset_index(drop=True))
    with pytest.raises(trd.UserError, match="are held against a reference of 0.3, not 0.4"):
        trd.rates(run, reference=0.4)
    with pytest.raises(trd.UserError, match="did you mean `age_band`"):
        trd.rates(run, by="age_bands")
    with pytest.raises(trd.UserError, match="did you mean `trd`"):
        trd.rates(run, estimand="trds")
    with pytest.raises(trd.UserError, match="there is no definition `emax`"):
        trd.rates(run, definition="emax")


# --- a run


@pytest.mark.parametrize("name", PUBLISHED_TABLES)
def test_published_tables_are_typed_by_their_columns(run: trd.Run, name: str) -> None:
    table = getattr(run, name)
    before = run.before_disclosure(name)
    assert list(table.columns) == list(before.columns)
    for column in table.columns:
        told = {"boolean": FLAGS, "Int64": WHOLE, "Float64": NUMBERS}.get(str(table[column].dtype))
        assert (column in told) if told else column not in FLAGS | WHOLE | NUMBERS
        # Nothing published is read as another kind of thing than the analysis made.
        if before[column].notna().any():
            assert table[column].dtype == before[column].dtype, column
        else:
            assert table[column].isna().all()
    assert len(table) == len(before)


def test_unknown_stays_unknown(run: trd.Run) -> None:
    impaired = run.labels["impaired"]
    assert impaired.dtype == "boolean"
    assert impaired.isna().any()
    assert (impaired == False).isna().sum() == impaired.isna().sum()  # noqa: E712
    robust = run.rates["robust"]
    assert robust.isna().any() and (~robust.dropna()).any()
    nobody = run.rates["status"] == "not_estimable"
    assert nobody.any() and run.rates.loc[nobody, "robust"].isna().all()
    assert "reason" in TEXTS and run.models["reason"].dtype == "string"


def test_a_run_says_what_it_is(run: trd.Run, release: Path) -> None:
    assert run.primary_definition == "article"
    assert run.settings["reference_rate"] == 0.3
    assert not run.is_draft
    assert list(run.drops["drop_id"]) == ["drop"]
    assert run.manifest["format"] == "trdanalysis-manifest-1"
    assert run.published_folder == release
    assert list(run.labels["qualifying_trials"].map(type).unique()) == [tuple]
    for shown in (repr(run), run._repr_html_()):
        assert "drop (synthetic)" in shown and "never leaves the site" in shown
        assert "article (primary)" in shown and "release, by policy `none`" in shown


def test_reading_leaves_results_as_they_are(release: Path) -> None:
    def state() -> dict[str, tuple[int, str]]:
        return {
            str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(release.parent.rglob("*"))
            if path.is_file()
        }

    before = state()
    fresh = trd.open(str(release.parent))
    _ = fresh.rates, fresh.labels, fresh.verdicts, fresh.findings, repr(fresh)
    trd.explain(fresh, fresh.labels["patient_id"].iloc[0])
    assert state() == before


def test_a_draft_is_told_and_chosen(release: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(release.parent / "restricted", results / "restricted")
    draft = results / "restricted" / "draft"
    settings, reference = results / "restricted" / "settings", str(CONFIG / "reference")
    disclosed = str(results / "restricted" / "disclosed")
    assert main(["publish", "--disclosed", disclosed, "--out", str(draft),
                 "--reference", reference]) == 0  # fmt: skip
    # Published, but not described yet: the run has not ended.
    unfinished = trd.open(results)
    assert unfinished.published_folder == draft
    assert "has not ended" in repr(unfinished)
    with pytest.raises(trd.UserError, match="has no manifest, so that it has not ended"):
        _ = unfinished.settings
    assert main(["describe", "--drops", str(results / "restricted" / "drops" / "drop"),
                 "--definitions", str(CONFIG / "definitions" / "article.yaml"), "--policy",
                 str(CONFIG / "disclosure" / "none.yaml"), "--grid", str(HERE / "multiverse.yaml"),
                 "--settings", str(settings / "describe.json"), "--reference", reference,
                 "--out", str(draft)]) == 0  # fmt: skip
    found = trd.open(results)
    assert found.is_draft and "draft, which stays at the site" in repr(found)
    assert len(found.rates) == len(trd.open(release.parent).rates)
    # Both are there: the one that was written last, or the one that is asked for.
    shutil.copytree(release, results / "release")
    assert trd.open(results, draft=True).is_draft
    assert not trd.open(results, draft=False).is_draft


def test_a_release_alone_has_no_patients(release: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(release, tmp_path / "received")
    found = trd.open(alone)
    assert len(found.rates) > 1000 and found.primary_definition == "article"
    for ask in (lambda: found.labels, lambda: found.before_disclosure("rates"),
                lambda: found.balance, lambda: trd.explain(found, "S00000000")):  # fmt: skip
        with pytest.raises(trd.UserError, match="a release holds no patient-level tables"):
            ask()
    assert "patient-level tables: none here" in repr(found)


def test_what_is_not_there_is_told(release: Path, tmp_path: Path) -> None:
    with pytest.raises(trd.UserError, match="no such folder of results") as told:
        trd.open(tmp_path / "nowhere")
    assert "make demo" in str(told.value) and told.value.exit_code == 5
    with pytest.raises(trd.UserError, match="holds no results of a run"):
        trd.open(tmp_path)
    with pytest.raises(trd.UserError, match="open the folder above") as told:
        trd.open(release.parent / "restricted")
    assert str(release.parent) in str(told.value)
    (tmp_path / "begun" / "restricted").mkdir(parents=True)
    begun = trd.open(tmp_path / "begun")
    for ask, words in (
        (lambda: begun.labels, "patient-level table `labels`: the run has not ended"),
        (lambda: begun.rates, "no published table `rates`"),
        (lambda: begun.before_disclosure("rates"), "result table `rates`: the run has not ended"),
    ):
        with pytest.raises(trd.UserError, match=words) as told:
            ask()
        assert "snakemake --cores 2" in str(told.value)
    with pytest.raises(trd.UserError, match="did you mean `rates`"):
        trd.open(release.parent).published("rate")


# --- explanations


def test_explanations_are_those_of_the_verb(
    run: trd.Run, labelled: trd.Labelled, release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resistant = run.labels.loc[run.labels["label"] == "trd", "patient_id"].iloc[0]
    capsys.readouterr()
    line = ["explain", resistant, "--results", str(release.parent), "--config",
            str(CONFIG / "config.yaml"), "--reference", str(CONFIG / "reference")]  # fmt: skip
    assert main(line) == 0
    text = capsys.readouterr().out
    assert main([*line, "--html"]) == 0
    page = capsys.readouterr().out
    for source in (run, labelled):
        found = trd.explain(source, resistant)
        assert (found.text, repr(found), found.html) == (text, text, page)
        assert (found.label, found.reason) == ("trd", "meets_all_criteria")
        with pytest.warns(trd.PatientLevelWarning, match="clear this output"):
            shown = found._repr_html_()
        assert "Patient-level: clear this output" in shown and "sandbox" in shown
        assert "<style" not in shown.replace("&lt;style", "")
        with pytest.raises(trd.UserError, match="hold no such patient"):
            trd.explain(source, "S99999999")
    with pytest.raises(trd.UserError, match="were not labelled by the definition `ema`"):
        trd.explain(labelled, resistant, "ema")
    with pytest.raises(trd.UserError, match="did not use the definition `ema`"):
        trd.explain(run, resistant, "ema")


# --- what a notebook shows


def test_summaries_hold_no_patient(run: trd.Run, labelled: trd.Labelled) -> None:
    ids = list(run.labels["patient_id"].unique())
    for shown in (repr(run), run._repr_html_(), repr(labelled), labelled._repr_html_()):
        assert not [one for one in ids if one in shown]
        assert "trd" in shown and "not_trd" in shown
    assert "must not leave the site" in repr(labelled) and not labelled.is_disclosed


def test_patient_level_frames_warn_where_a_notebook_shows_them(run: trd.Run) -> None:
    for part in PARTS:
        with pytest.warns(trd.PatientLevelWarning, match="clear this output before you save"):
            shown = getattr(run, part).head(3)._repr_html_()
        assert "Patient-level: clear this output before you save the notebook." in shown
    assert run.labels.head(3)._repr_html_ and run.labels.mark == PATIENT_LEVEL
    # In a terminal nothing is saved.
    assert str(run.labels.head(3)) == str(pd.DataFrame(run.labels).head(3))


def test_a_forest_plot_is_shown_and_saved(
    run: trd.Run, labelled: trd.Labelled, tmp_path: Path
) -> None:
    figure = trd.plot.forest(run, estimand="initial_trial")
    assert figure.mark is None and figure._repr_html_() is None
    svg = figure._repr_svg_()
    assert svg and "<svg" in svg and "This cohort" in svg and "var(--" not in svg
    assert "Non-response to the first trial" in svg or figure.title in svg
    for kind, begins in (("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")):
        first = figure.save(tmp_path / f"a.{kind}").read_bytes()
        assert first.startswith(begins)
        assert figure.save(str(tmp_path / f"b.{kind}")).read_bytes() == first
    with pytest.raises(trd.UserError, match="cannot be saved as `.jpg`"):
        figure.save(tmp_path / "a.jpg")
    of_frames = trd.plot.forest(trd.rates(labelled), estimand="initial_trial")
    assert of_frames.mark == UNDISCLOSED and of_frames._repr_svg_() is None
    with pytest.warns(trd.PatientLevelWarning, match="not disclosure-controlled"):
        assert "<svg" in (of_frames._repr_html_() or "")
    with pytest.raises(trd.UserError, match="did you mean `initial_trial`"):
        trd.plot.forest(run, estimand="initial_trials")
    with pytest.raises(trd.UserError, match="there are no rates of `trd` by the definition `ema`"):
        trd.plot.forest(run, estimand="trd", definition="ema")


def test_a_participant_flow_is_drawn(run: trd.Run, labelled: trd.Labelled, tmp_path: Path) -> None:
    figure = trd.plot.flow(run, estimand="initial_trial")
    drawn = figure.save(tmp_path / "flow.svg").read_text(encoding="utf-8")
    steps = run.attrition
    own = steps[(steps["estimand"] == "initial_trial") & (steps["step"] == "mdd")]
    assert f"no bipolar disorder: {int(own['n_out'].iloc[0])}" in drawn.replace("or bip", "no bip")
    assert figure.mark is None
    # Of the same drop: the same numbers, and marked.
    of_frames = trd.plot.flow(labelled, estimand="initial_trial")
    assert of_frames.mark is not None
    assert "stays at the site" in of_frames.save(tmp_path / "marked.svg").read_text(
        encoding="utf-8"
    )
    with pytest.raises(trd.UserError, match="no steps to `initial_trials`"):
        trd.plot.flow(run, estimand="initial_trials")
