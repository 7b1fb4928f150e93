"""How many random batches are tried: few, always the same ones, but for `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

#: Set by `make fuzz`: so many batches, new ones each time.
BATCHES = int(os.environ.get("TRDANALYSIS_FUZZ_BATCHES", "0"))
PATIENTS = 400 if BATCHES else 250


def batches(usual: int) -> settings:
    """Give settings for a test that labels whole batches of patients."""
    return settings(
        max_examples=BATCHES or usual,
        derandomize=not BATCHES,
        database=None,
        deadline=None,
        # Shrinking a batch would label it hundreds of times; the test makes one patient smaller.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
