"""Every layer with every activation: the limit kernels are means over networks of finite width."""

import itertools
import math

import pytest

from surefit.activations import ACTIVATIONS
from surefit.errors import InvalidInputError
from surefit.layers import LAYERS, EquilibriumWarning
from surefit.testing import check_limit

# Other test modules define layers of their own, which are entries too.
ACTS = {n: c for n, c in ACTIVATIONS.entries().items() if c.__module__.startswith("surefit.")}
KINDS = {
    n: c
    for n, c in LAYERS.entries().items()
    if n not in ACTIVATIONS and c.__module__.startswith("surefit.")
}
# Without a limit: the mathematics that is missing, as the refusal names it.
REFUSED = {"monotone_equilibrium": "entries are not independent"}
# Products of queries, keys and values have heavier tails than features.
DRAWS = {"attention": 384}

GRID = list(itertools.product(KINDS, ACTS))
# In the fast run every second activation meets one layer; 7 has no factor in common with 20 layers.
FAST = {(list(KINDS)[7 * i % len(KINDS)], act) for i, act in enumerate(ACTS) if i % 2 == 0}


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        pytest.param(*pair, id="-".join(pair), marks=[] if pair in FAST else [pytest.mark.slow])
        for pair in GRID
    ],
)
def test_limit_is_the_mean_over_draws(kind, act):
    if kind in REFUSED:
        with pytest.raises(InvalidInputError, match=REFUSED[kind]):
            check_limit(KINDS[kind], ACTS[act]())
    elif kind == "equilibrium" and not math.isfinite(ACTS[act]().lipschitz):
        # No weights are small enough for a contraction.
        with pytest.warns(EquilibriumWarning, match="may not exist for every input"):
            KINDS[kind].example(ACTS[act](), 256)
    else:
        # Squares of logits have heavier ones still.
        more = 4 if (kind, act) == ("attention", "quadratic") else 1
        check_limit(KINDS[kind], ACTS[act](), draws=more * DRAWS.get(kind, 96))
