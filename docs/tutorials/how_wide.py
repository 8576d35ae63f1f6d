# %% [markdown]
# # How wide is wide enough?
#
# Theorems answer with widths like $10^9$. Measuring answers with a number of successes: draw the initial weights several
# times at several widths, count the runs that reach a loss, and read off the width that suffices with a given
# probability. All sizes here are tiny, so that the page runs in seconds.

# %%
import numpy as np

import surefit as sf
from surefit.core.laws import fit_power_law, success_interval, width_threshold
from surefit.training import train_many

# %% [markdown]
# ## Counting
#
# Ten, twenty and forty points on the unit sphere in ten dimensions with random labels, which only memory can fit; twelve
# draws of the initial weights at each of three widths. A success is the loss 0.01 within 1000 steps.

# %%
widths, sizes, draws = [4, 8, 16], [10, 20, 40], 12
successes = {}
for samples in sizes:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, 10))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], samples)
    for width in widths:
        problem = sf.Problem(sf.models.shallow(width, activation=sf.Tanh(), weight_std=4.0), x, y)
        starts = [problem.init(seed) for seed in range(draws)]
        found = train_many(problem, starts, steps=1000, target_loss=1e-2)
        successes[samples, width] = [str(status) for status in found.status].count("target_reached")
    print(samples, "samples:", [successes[samples, width] for width in widths], "of", draws)

# %% [markdown]
# ## How sure is a count?
#
# Twelve successes of twelve do not show a probability of 1. The interval of Wilson says what they do show:

# %%
for count in (0, 6, 12):
    low, high = success_interval(count, draws)
    print(f"{count} of {draws}: between {low:.2f} and {high:.2f}")

# %% [markdown]
# ## The width for a probability of nine tenths, with its interval
#
# An end that the trials do not fix is shown as 0 or infinity.

# %%
thresholds = []
for samples in sizes:
    counts = [successes[samples, width] for width in widths]
    found = width_threshold(widths, counts, [draws] * len(widths), probability=0.9)
    thresholds.append(found.value)
    print(f"{samples} samples: width {found.value:.1f} ({found.low:.1f} to {found.high:.1f})")

# %% [markdown]
# ## A law
#
# Three points fix an exponent badly, and the interval says so.

# %%
law = fit_power_law(sizes, thresholds)
print(law)

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
for samples in sizes:
    rates = [successes[samples, width] / draws for width in widths]
    axes.semilogx(widths, rates, "o-", base=2, label=f"{samples} samples")
axes.set(xlabel="width", ylabel="share of successes")
axes.legend(frameon=False)

# %% [markdown]
# On the command line the whole of this is `surefit width` ([widths](../width.md)), which chooses the widths and the number
# of draws itself, and `surefit sweep` ([sweeps](../sweeps.md)) for grids of any kind, whose cells are ordinary runs. From
# Python they are `surefit.workflows.width_finder.find_width` and `surefit.workflows.sweep`.
