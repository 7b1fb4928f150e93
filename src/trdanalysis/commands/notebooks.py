"""`notebooks`: run notebooks on the results of a run, and keep them as pages that stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from trdanalysis.commands.shared import step
from trdanalysis.errors import UserError
from trdanalysis.files import write_text
from trdanalysis.layout import NOTEBOOK_PAGES, RESTRICTED, RESULTS_VARIABLE
from trdanalysis.report.pages import render_page

if TYPE_CHECKING:
    from nbclient import NotebookClient
    from nbformat import NotebookNode

#: Between two notebooks: what one named, the next does not find.
_FORGET = "%reset -f"


def run_notebooks(files: Sequence[Path], results: Path) -> list[Path]:
    """Run notebooks, and write each as a page to ``restricted/notebooks/`` of the results.

    The notebooks themselves stay as they are, without outputs. Pages may show patients, so that
    they have no other place.

    Parameters
    ----------
    files
        Notebooks in Python.
    results
        The folder of results that they are about.

    Returns
    -------
    list
        The pages.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no notebook, or what runs them is not installed. Kind
        ``input``: a cell of one failed.
    """
    names = [file.stem for file in files]
    if not files or not all(file.is_file() for file in files):
        raise UserError(
            "there is no such notebook" if files else "there are no notebooks",
            where=str(next((file for file in files if not file.is_file()), Path("notebooks"))),
            expected="files *.ipynb",
            kind="not_found",
        )
    folder = results / RESTRICTED / NOTEBOOK_PAGES
    pages = []
    step(f"running {len(files)} notebook(s)", of=len(files) + 1)
    for file, notebook in zip(files, execute_notebooks(files, results), strict=True):
        step(f"{file.stem}: every cell ran")
        pages.append(folder / f"{file.stem}.html")
        write_text(pages[-1], render_notebook(notebook, file.stem, names))
    step(f"pages, which stay at the site: {folder}")
    return pages


def execute_notebooks(files: Sequence[Path], results: Path) -> Iterator[NotebookNode]:
    """Run notebooks one after the other, and give each with its outputs.

    One kernel serves all, for it takes seconds to begin; between notebooks it forgets all names.

    Raises
    ------
    UserError
        See :func:`run_notebooks`.
    """
    # A second each, and only this verb needs them.
    try:
        import nbformat
        from nbclient.exceptions import CellExecutionError, DeadKernelError
        from nbformat.v4 import new_code_cell, new_notebook
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None
    notebooks = [nbformat.read(file, as_version=4) for file in files]
    with _kernel(results) as client:
        for file, notebook in zip(files, notebooks, strict=True):
            beginning = f"{_FORGET}\nimport os; os.chdir({str(file.resolve().parent)!r})"
            try:
                for each in (new_notebook(cells=[new_code_cell(beginning)]), notebook):
                    client.nb = each
                    client.execute(cleanup_kc=False)
            except CellExecutionError as error:
                raise _failed(file, notebook, error) from None
            except DeadKernelError:
                raise UserError(
                    "the process that runs the notebook ended, most often for want of memory",
                    where=str(file),
                    kind="resources",
                ) from None
            yield notebook


@contextmanager
def _kernel(results: Path) -> Iterator[NotebookClient]:
    """Start this Python as a kernel, without the user's own start-up files."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbformat.v4 import new_notebook

    class ThisPython(KernelSpecManager):
        """Knows one kernel: a kernel `python3` of the user's may be another environment."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(**get_kernel_dict())

    with tempfile.TemporaryDirectory() as folder:
        # What the kernel says may be of patients: it goes through files that others cannot open.
        manager = AsyncKernelManager(
            kernel_spec_manager=ThisPython(), transport="ipc", ip=str(Path(folder, "kernel"))
        )
        client = NotebookClient(new_notebook(), km=manager, timeout=None)
        told = {RESULTS_VARIABLE: str(results.resolve()), "IPYTHONDIR": folder}
        with client.setup_kernel(env=dict(os.environ) | told, cleanup_kc=True):
            yield client


def render_notebook(notebook: NotebookNode, name: str, names: Sequence[str]) -> str:
    """Render a notebook with its outputs as a page that loads nothing.

    Parameters
    ----------
    notebook
        That ran.
    name
        Of its file, without the ending.
    names
        Of all pages beside it, itself among them.
    """
    try:
        from nbconvert import HTMLExporter
        from pygments.formatters import HtmlFormatter
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None

    exporter = HTMLExporter(
        template_name="basic",
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    return render_page(
        "notebook.html.j2",
        scripted=False,
        is_open=True,
        title=_title(notebook) or name,
        name=name,
        names=names,
        colours=Markup(colours),
        # What the site's own notebooks show, as they show it.
        body=Markup(body),
    )


def _title(notebook: NotebookNode) -> str:
    first = notebook.cells[0].source if notebook.cells else ""
    return str(first).partition("\n")[0].removeprefix("#").strip()


def _failed(file: Path, notebook: NotebookNode, error: Any) -> UserError:
    """Tell which cell failed; of the message only what is known to hold no patient's value."""
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs is not None]
    place = next(
        (
            number
            for number, cell in enumerate(ran, start=1)
            if any(output.output_type == "error" for output in cell.outputs)
        ),
        0,
    )
    why = f": {error.evalue}" if error.ename == UserError.__name__ else ""
    return UserError(
        f"code cell {place} of a notebook ends with {error.ename}{why}",
        where=str(file),
        try_this="open it in Jupyter and run it there: `make lab`",
    )


def _not_installed(error: ModuleNotFoundError) -> UserError:
    return UserError(
        f"notebooks cannot be run, as `{error.name}` is not installed",
        expected="nbclient, nbconvert and ipykernel beside the tool",
        try_this="`make setup` in the tool's checkout installs them",
        kind="not_found",
    )
