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
from trdanalysis.interface.marked import DRAFT, PATIENT_LEVEL, UNDISCLOSED, PatientTable
from trdanalysis.interface.typed import TYPES
from trdanalysis.layout import PUBLISHED_TABLES
from trdanalysis.outputs_published import PUBLISHED

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
    described = {one.name: one.kind for one in PUBLISHED[name].columns}
    for column in table.columns:
        assert table[column].dtype == before[column].dtype == TYPES[described[column]], column
    told = run.columns(name)
    assert list(told["column"]) == list(table.columns) and told["meaning"].str.len().gt(0).all()
    assert not told["meaning"].str.contains("](", regex=False).any()
    assert len(table) == len(before)


@pytest.mark.parametrize("name", PARTS)
def test_patient_level_columns_are_described(run: trd.Run, name: str) -> None:
    table, told = getattr(run, name), run.columns(name)
    assert list(told["column"]) == list(table.columns)
    for column, kind in zip(told["column"], told["kind"], strict=True):
        assert table[column].dtype == TYPES.get(kind, "object"), column
    with pytest.raises(trd.UserError, match="did you mean `labels`"):
        run.columns("label")


def test_unknown_stays_unknown(run: trd.Run) -> None:
    impaired = run.labels["impaired"]
    assert impaired.dtype == "boolean"
    assert impaired.isna().any()
    assert (impaired == False).isna().sum() == impaired.isna().sum()  # noqa: E712
    robust = run.rates["robust"]
    assert robust.isna().any() and (~robust.dropna()).any()
    nobody = run.rates["status"] == "not_estimable"
    assert nobody.any() and run.rates.loc[nobody, "robust"].isna().all()
    assert run.models["reason"].dtype == "string"


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
    assert found.rates.mark == trd.rates(found, by="overall").mark == DRAFT
    figure = trd.plot.flow(found)
    assert figure.mark == DRAFT and trd.plot.forest(found.rates).mark == DRAFT
    assert figure.marks == ("DRAFT", "simulated records")
    with pytest.raises(trd.UserError, match="of a draft, which stays at the site"):
        figure.save(tmp_path / "flow.svg")
    assert figure.save(results / "restricted" / "paper" / "flow.svg").is_file()
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


@pytest.mark.parametrize("draw", [trd.plot.forest, trd.plot.flow])
def test_figures_are_shown_and_saved(
    draw: Callable[..., Any], run: trd.Run, labelled: trd.Labelled, tmp_path: Path
) -> None:
    figure = draw(run, estimand="initial_trial")
    assert figure.mark is None and "not disclosure-controlled" not in figure._repr_html_()
    assert figure.marks == ("simulated records",)
    assert figure.page.count("<svg") == 1 and figure.title in figure.page
    overall = run.rates[(run.rates["stratum"] == "overall")
                        & (run.rates["estimand"] == "initial_trial")].iloc[0]  # fmt: skip
    assert f"{overall['rate']:.1%}" in figure.told
    for kind, begins in (("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")):
        first = figure.save(tmp_path / f"a.{kind}").read_bytes()
        assert first.startswith(begins)
        assert figure.save(str(tmp_path / f"b.{kind}")).read_bytes() == first
        assert figure.save(tmp_path / f"c.{kind}", grey=True, width_mm=100).read_bytes() != first
    with pytest.raises(trd.UserError, match="cannot be saved as `.jpg`"):
        figure.save(tmp_path / "a.jpg")
    of_frames = draw(labelled, estimand="initial_trial")
    assert of_frames.mark == UNDISCLOSED
    assert of_frames.marks == ("not disclosure-controlled",)
    # Numbers are the same: the policy of the run hides nothing.
    assert of_frames.told == figure.told
    with pytest.warns(trd.PatientLevelWarning, match="not disclosure-controlled"):
        assert "&lt;svg" in of_frames._repr_html_()
    with pytest.raises(trd.UserError, match="did you mean `initial_trial`"):
        draw(run, estimand="initial_trials")
    with pytest.raises(trd.UserError, match="of `trd` by the definition `ema` to draw"):
        draw(run, estimand="trd", definition="ema")


def test_a_forest_plot_of_rows_is_marked_as_they_are(run: trd.Run, labelled: trd.Labelled) -> None:
    assert trd.plot.forest(trd.rates(labelled), estimand="trd").mark == UNDISCLOSED
    assert trd.plot.forest(trd.rates(run), estimand="trd").mark is None
    with pytest.raises(trd.UserError, match="strata `overall`, `age_band` or `factor_group`"):
        trd.plot.forest(trd.rates(run, by="sex"), estimand="trd")


def test_a_run_is_labelled_anew_as_it_was(run: trd.Run) -> None:
    again = trd.relabel(run, ["article", "article-8-weeks"])
    own = again.labels[again.labels["definition"] == "article"].reset_index(drop=True)
    assert_frame_equal(pd.DataFrame(own), pd.DataFrame(run.labels))
    assert again.counts.mark == UNDISCLOSED
    counts = again.counts.set_index("definition")
    published = run.definitions.set_index("definition")
    for label in ("trd", "not_trd", "indeterminate"):
        assert counts.loc["article", label] == published.loc["article", label]
    assert counts.loc["article-8-weeks", "trd"] <= counts.loc["article", "trd"]
    assert set(again.balance["table"]) == set(run.balance["table"])
    assert trd.rates(again, by="overall", definition="article-8-weeks").mark == UNDISCLOSED


def test_a_shown_table_is_written_as_the_report_writes_it(run: trd.Run) -> None:
    shown = trd.show(run.rates, "Rates", ["estimand", "level", "n", "rate", "difference", "status"])
    assert shown.mark is None
    overall = run.rates.iloc[0]
    assert f"<td>{overall['rate']:.1%}</td>" in shown.page
    assert f"<td>{100 * overall['difference']:+.1f}</td>" in shown.page
    assert 'data-tip="events of n"' in shown.page
    assert "Non-response to the first trial</th>" in shown.page
    html = shown._repr_html_()
    assert html.startswith("<iframe") and "allow-same-origin" not in html
    with pytest.raises(trd.UserError, match="no column `rat`"):
        trd.show(run.rates, columns="rat")
    # What was hidden says so, what never was is a dash.
    rates = run.rates.head(2).copy()
    rates.loc[0, ["n", "rate"]] = pd.NA
    rates.loc[0, "status"] = "suppressed"
    rates.loc[1, "rate"] = pd.NA
    page = trd.show(rates, "Rates", ["estimand", "n", "rate", "age_band"]).page
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    assert body.count("hidden") == 2 and body.count(">\N{EN DASH}</td>") == 2
    # Text of the data is text on the page.
    odd = pd.DataFrame({"<b>": ["<script>alert(1)</script>"]})
    assert "<script>alert" not in trd.show(odd, "</title><b>").page


def test_a_shown_table_of_patients_says_so(run: trd.Run) -> None:
    for frame in (run.labels, pd.DataFrame(run.labels)):
        with pytest.warns(trd.PatientLevelWarning, match="clear this output"):
            assert "Patient-level" in trd.show(frame, "Labels")._repr_html_()
    undisclosed = run.before_disclosure("rates")
    assert trd.show(undisclosed, "Rates").mark == UNDISCLOSED


def test_rates_are_told_in_sentences(run: trd.Run, labelled: trd.Labelled) -> None:
    rates = trd.rates(run, by="overall", estimand="initial_trial", analysis="complete_case")
    told = trd.tell(rates)
    assert told.startswith("Non-response to the first trial, overall, by article: ")
    assert f"{rates['rate'].iloc[0]:.1%}" in told and "of 30%" in told and told.mark is None
    assert trd.tell(trd.rates(labelled, by="overall", estimand="trd")).mark == UNDISCLOSED
    hidden = rates.assign(status="suppressed", rate=pd.NA, n=pd.NA, events=pd.NA)
    assert trd.tell(hidden).endswith(": hidden.")
    assert trd.say(pd.NA) == "hidden" and trd.say(0.25, percent=True) == "25.0%"
    with pytest.raises(trd.UserError, match="no rows of rates"):
        trd.tell(run.attrition)


def test_a_papers_table_is_that_of_the_verb(run: trd.Run) -> None:
    table = trd.table(run, "2", decimals=2)
    assert table.mark is None and "Table 2" in table.title and table.title in repr(table)
    assert "<script" not in table.page
    alone = trd.open(run.published_folder)
    with pytest.raises(trd.UserError, match="holds its tables as files"):
        trd.table(alone, "2")


def test_results_are_found_from_where_one_works(
    run: trd.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRDANALYSIS_RESULTS", raising=False)
    study = tmp_path / "study"
    (study / "notebooks").mkdir(parents=True)
    (study / "config").mkdir()
    shutil.copy(CONFIG / "config.yaml", study / "config")
    (study / "Snakefile").write_text("", encoding="utf-8")
    monkeypatch.chdir(study / "notebooks")
    # `results` is there in every study, and holds settings before a run.
    (study / "results" / "restricted" / "settings").mkdir(parents=True)
    shutil.copytree(run.published_folder, study / "results" / "demo" / "release")
    assert trd.open().folder == study / "results" / "demo"
    shutil.copytree(run.published_folder, study / "results" / "release")
    assert trd.open().folder == study / "results"
    text = (study / "config" / "config.yaml").read_text(encoding="utf-8")
    (study / "config" / "config.yaml").write_text(
        text.replace("results: results", "results: elsewhere"), encoding="utf-8"
    )
    shutil.copytree(study / "results", study / "elsewhere")
    assert trd.open().folder == study / "elsewhere"
    monkeypatch.setenv("TRDANALYSIS_RESULTS", str(run.folder))
    assert trd.open().folder == run.folder
