"""Learning and proposing with torch. Imported before torch, for the sake of one setting."""

import os

# How long OpenMP's threads spin before they sleep. With GNU's default, one other busy program on
# two cores makes a training step take 1,758 ms instead of 313; so 1,092, and 330 where nothing
# else runs. GNU reads it when torch loads.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
