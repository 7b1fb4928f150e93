"""Marks each test with the kind its folder names, and says which tests stay in one process.

Tests of a file share what takes long to make, and so do those of some whole folders; spread over
the processes one by one, each process would make it again. The groups of pytest-xdist (`--dist
loadgroup`) do that by the name of a test, which pytest 9.2 does not let it change any more; so the
assignment is made here.
"""

import os
from pathlib import Path

# As the command line has it: see trdanalysis.cli.main. It must be set before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent

#: Kinds whose tests share across the files of the folder what takes long to make.
BY_FOLDER = ("golden", "workflow")

#: Files of such a folder that share nothing with the others, and take long.
BY_THEMSELVES = ("test_documentation.py", "test_study.py")

#: Kinds whose groups take longest: they begin, so that no process is left alone with one of them.
FIRST = ("workflow", "property", "definitions", "golden")


class Groups(LoadScopeScheduling):
    """Keeps the tests of a file, or of a whole folder, in one process, in the order collected."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder, _, name = file.rpartition("/")
        is_shared = folder.rpartition("/")[2] in BY_FOLDER and name not in BY_THEMSELVES
        return folder if is_shared else file


# Optional: without pytest-xdist (`-p no:xdist`) nobody asks.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Assign groups of tests to processes, in the order collected."""
    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the folder's marker, so that `pytest -m property` needs no decorator on every test."""
    # A folder that is no declared kind is left alone here; a test of the set-up names it.
    declared = {line.partition(":")[0] for line in config.getini("markers")}
    kinds = {item: item.path.relative_to(TESTS).parts[0] for item in items}
    for item, kind in kinds.items():
        if kind in declared:
            item.add_marker(getattr(pytest.mark, kind))
    order = {kind: place for place, kind in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(kinds[item], len(order)))
