"""The grid file that explains itself."""

from __future__ import annotations

__all__ = ["grid_example"]

_TEXT = """\
# A grid of `surefit certify` runs:
#
#     surefit sweep grid.toml --out runs             runs it
#     surefit sweep grid.toml --out runs --dry-run   says first what it would run
#
# The names on the left are the options of `surefit certify`, with `samples_per_class` for
# `--samples-per-class`; `surefit certify --help` explains them. How wide must a network with one
# hidden layer be, so that gradient descent fits n handwritten digits? Here are 6 widths,
# 3 numbers of samples and 5 draws of the initial weights: 90 cells.

# What all cells have in common.
[base]
data = "digits"
classes = [0, 1]
activation = "tanh"
steps = 20000

# What varies: every value with every other. A list, or a range with both ends:
#     { from = 8, to = 256, factor = 2 }                    8, 16, 32, 64, 128, 256
#     { from = 20, to = 100, step = 40 }                    20, 60, 100
#     { from = 0.01, to = 1, count = 5, scale = "log" }     five values with equal factors
#     { count = 5 }                                         0, 1, 2, 3, 4; with from = 10: 10, ...
# A field whose value is a list varies with a list of lists: classes = [[0, 1], [3, 8]].
# The word "unset" leaves a field out: target_loss = ["unset", 1e-8].
[grid]
width = { from = 8, to = 256, factor = 2 }
samples = { from = 20, to = 100, step = 40 }
seed = { count = 5 }

# Lists that move together: the first value with the first, the second with the second. Several
# such tables multiply each other, and the grid.
# [[zip]]
# activation = ["tanh", "gelu"]
# weight_std = [4.0, 2.0]

# Cells that are left out: those in which all lines of one of these tables hold. A condition is a
# value, a list of values, or a comparison with above, at_least, below, at_most (a number, or the
# name of another field) or not.
# [[exclude]]
# width = { below = 16 }
# samples = [60, 100]

# How it is run, and which law is looked for: the least width at which a cell succeeds with this
# probability. Success is "converged" (training reached its goal), "proved" (the checker proved
# the certificate) or "holds" (the verdict is yes).
[sweep]
# workers = 2             # unset: one per core
# memory_limit = "8GB"    # unset: what is free
success = "converged"
probability = 0.9
"""


def grid_example() -> str:
    """A grid file with comments: digits 0 and 1, over width, samples and seeds."""
    return _TEXT
