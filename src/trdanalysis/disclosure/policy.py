"""A site's disclosure policy, read from ``config/disclosure/<id>.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trdanalysis.settings import StrictModel, read_model, read_yaml


class Policy(StrictModel):
    """What a site allows to be shown.

    Attributes
    ----------
    id, title, source
        Name of the policy, and where its rule stands.
    hide_counts_up_to
        Counts from 1 to this number are hidden; 0 hides nothing.
    only_synthetic
        The policy may stand behind a release only where every drop is synthetic.
    """

    id: str
    title: str
    source: str
    hide_counts_up_to: int = Field(ge=0, le=1000)
    only_synthetic: bool


def read_policy(path: Path) -> Policy:
    """Read one policy file; see :func:`trdanalysis.settings.read_model` for errors."""
    return read_model(Policy, read_yaml(path), str(path))
