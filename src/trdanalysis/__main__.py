"""``python -m trdanalysis``."""

import gc

from trdanalysis.cli import main

if __name__ == "__main__":
    # Queries are written as trees of many small objects without cycles: looking for cycles as often
    # as Python does by default takes a tenth of a small run's time.
    gc.set_threshold(100_000, 20, 20)
    raise SystemExit(main())
