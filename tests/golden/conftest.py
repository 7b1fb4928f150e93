"""What every verb makes of the kept drop, once a test process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.run import HERE, run_verbs


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_verbs(HERE / "drop", tmp_path_factory.mktemp("golden"))
