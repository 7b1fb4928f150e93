"""Models that cannot be fitted."""

import pytest

from trdanalysis.analysis.models import NotEstimableError, fit_modified_poisson


def test_a_variance_that_rounding_leaves_below_zero_is_no_estimate() -> None:
    # The second covariate tells the outcome apart; a warning would fail this test.
    design = [
        [1, 1, 1, 2], [1, 0, 1, 2], [1, 1, 0, 1], [1, 1, 1, 1],
        [1, 1, 0, 2], [1, 1, 0, 0], [1, 0, 1, 2], [1, 0, 1, 0],
    ]  # fmt: skip
    with pytest.raises(NotEstimableError, match="separation"):
        fit_modified_poisson(design, [0, 4, 2, 0, 0, 3, 5, 4], [2, 4, 3, 1, 4, 3, 5, 4])
