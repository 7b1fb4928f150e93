"""Marks each test with the kind its folder names: tests/unit/... gets `unit`, and so on."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent

#: Kinds whose tests share what takes long to make: those of a file stay in one process, or those of
#: the whole folder.
BY_FILE, BY_FOLDER = ("definitions", "property"), ("golden", "workflow")


# Before pytest-xdist reads the groups: its own hook is called first otherwise.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the folder's marker, so that `pytest -m property` needs no decorator on every test."""
    # A folder that is no declared kind is left alone here; a test of the set-up names it.
    declared = {line.partition(":")[0] for line in config.getini("markers")}
    for item in items:
        kind = item.path.relative_to(TESTS).parts[0]
        if kind in declared:
            item.add_marker(getattr(pytest.mark, kind))
        if kind in (*BY_FILE, *BY_FOLDER):
            group = item.path.stem if kind in BY_FILE else kind
            item.add_marker(pytest.mark.xdist_group(group))
