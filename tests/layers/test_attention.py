"""Attention and its limits: loops over positions, the finite formula, and draws."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, MemoryLimitError, UnknownNameError
from surefit.layers.attention_limits import gaussian_logits, linear_logits
from surefit.tangent.limit import input_kernel
from surefit.testing.claims import quick_jit
from surefit.testing.limit import claim_limit

KEY = jax.random.key(5)
X = jax.random.normal(jax.random.key(6), (2, 2, 3))
FRONT = sf.Serial(sf.Conv(8, 1, weight_std=1.2, bias_std=0.3), sf.Erf())


def hidden(*batches):
    """Covariances and a tangent kernel that is not zero, of all pairs of positions."""
    return quick_jit(lambda *x: sf.limit_kernel(FRONT, *x, cross_positions=True))(*batches)


@pytest.mark.parametrize(
    ("scaling", "nonlinearity"), [("1/sqrt(d)", sf.Tanh()), ("1/d", "softmax")], ids=str
)
def test_outputs_equal_loops_over_heads_and_positions(scaling, nonlinearity):
    heads, d = 2, 4
    layer = sf.Attention(5, heads, d, scaling, nonlinearity, 1.3, 0.7)
    params = jax.tree.map(np.asarray, quick_jit(layer.init, static_argnums=1)(KEY, (2, 3)))
    due = np.zeros((2, 2, 5))
    for i, p in itertools.product(range(2), range(2)):
        seen = []
        for h in range(heads):
            x = np.asarray(X[i]) / math.sqrt(3)
            q, v = x @ params["q"][h].T, x @ params["v"][h].T
            k = q if scaling == "1/d" else x @ params["k"][h].T
            logits = np.array([0.7 * q[p] @ k[other] for other in range(2)])
            logits /= d if scaling == "1/d" else math.sqrt(d)
            weights = np.tanh(logits)
            if nonlinearity == "softmax":
                weights = np.exp(logits) / np.exp(logits).sum()
            seen.append(weights @ v)
        due[i, p] = 1.3 / math.sqrt(heads * d) * params["o"] @ np.concatenate(seen)
    np.testing.assert_allclose(quick_jit(layer.apply)(params, X), due, rtol=1e-12, atol=1e-13)


def test_images_are_sequences_of_their_positions():
    layer = sf.Attention(3, 2, 4)
    params = quick_jit(layer.init, static_argnums=1)(KEY, (6, 2))
    x = jax.random.normal(KEY, (2, 3, 2, 2))
    apply = quick_jit(layer.apply)
    found = apply(params, x)
    assert found.shape[1:] == layer.output_shape((3, 2, 2)) == (3, 2, 3)
    rows = apply(params, x.reshape(2, 6, 2))
    np.testing.assert_allclose(found.reshape(2, 6, 3), rows, rtol=1e-13)


def rectifier(c, s, t):
    """Duals of the rectifier and of the step, by Cho and Saul's formula."""
    rho = min(1.0, max(-1.0, c / math.sqrt(s * t)))
    theta = math.acos(rho)
    value = math.sqrt(s * t) * (math.sin(theta) + (math.pi - theta) * rho) / (2 * math.pi)
    return value, (math.pi - theta) / (2 * math.pi)


@pytest.mark.parametrize("trained", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_kernels_equal_loops_over_quadruples_of_positions(trained):
    k = hidden(X)
    layer = sf.Attention(4, 2, 8, nonlinearity=sf.Relu(), weight_std=1.3, logit_std=0.7,
                         trained=trained)  # fmt: skip
    found = quick_jit(layer.kernel)(k)
    sigma, theta = np.asarray(k.nngp), np.asarray(k.ntk)
    nngp, ntk = np.zeros_like(sigma), np.zeros_like(sigma)
    for i, j, p, r, q, s in itertools.product(range(2), repeat=6):
        c = 0.49 * sigma[i, j, p, r] * sigma[i, j, q, s]
        own = (0.49 * sigma[a, a, b, b] * sigma[a, a, e, e] for a, b, e in ((i, p, q), (j, r, s)))
        dual, slope = rectifier(c, *own)
        # Queries and keys; values and output; what lies before them.
        nngp[i, j, p, r] += 1.69 * dual * sigma[i, j, q, s]
        if trained:
            ntk[i, j, p, r] += 1.69 * 2 * slope * c * sigma[i, j, q, s]
            ntk[i, j, p, r] += 1.69 * 2 * dual * sigma[i, j, q, s]
        before = theta[i, j, p, r] * sigma[i, j, q, s] + sigma[i, j, p, r] * theta[i, j, q, s]
        ntk[i, j, p, r] += 1.69 * slope * 0.49 * before * sigma[i, j, q, s]
        ntk[i, j, p, r] += 1.69 * dual * theta[i, j, q, s]
    np.testing.assert_allclose(found.nngp, nngp, rtol=1e-7)
    np.testing.assert_allclose(found.ntk, ntk, rtol=1e-7)
    each = jnp.arange(2)
    np.testing.assert_allclose(found.variance1, found.nngp[each, each], rtol=1e-14)
    assert found.gaussian and found.behind is None and found.width == 4


@pytest.mark.parametrize(
    "batches", [(X,), pytest.param((X, X[:1]), marks=pytest.mark.slow)], ids=["one batch", "two"]
)
def test_the_identity_needs_pairs_of_positions_only(batches):
    k = hidden(*batches)
    nngp, ntk, variances = linear_logits(k, 0.7, 1.0)
    due = quick_jit(lambda k: gaussian_logits(k, sf.Identity(), 0.7, 1.0))(k)
    for found, wanted in zip((nngp, ntk, *variances), (*due[:2], *due[2]), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_logits_over_d_are_the_covariances_themselves():
    k = hidden(X)
    found = sf.Attention(4, 1, 8, "1/d", "softmax", 1.3, 0.7, trained=False).kernel(k)
    rows = np.exp(0.7 * np.asarray(k.variance1))
    weights = rows / rows.sum(axis=-1, keepdims=True)
    for name in ("nngp", "ntk"):
        due = np.zeros((2, 2, 2, 2))
        for i, j in itertools.product(range(2), repeat=2):
            due[i, j] = 1.69 * weights[i] @ np.asarray(getattr(k, name))[i, j] @ weights[j].T
        np.testing.assert_allclose(getattr(found, name), due, rtol=1e-12)


@pytest.mark.parametrize(
    "nonlinearity",
    [pytest.param(sf.Identity(), marks=pytest.mark.slow), "softmax"],
    ids=["linear", "softmax"],
)
def test_limit_over_d_is_the_mean_over_draws(nonlinearity):
    layer = sf.Attention(2, 1, 512, "1/d", nonlinearity, 1.2, 0.7)
    # The gradients of queries vanish as 4/d, relative to the rest.
    claim_limit(layer, X[:, :, :2], seeds=128, finite_width=0.01, at_once=32)


DEEP = {
    "linear": sf.Attention(64, 8, 16),
    "rectified": sf.Attention(64, 8, 32, nonlinearity=sf.Relu()),
    "softmax": sf.Attention(64, 1, 256, "1/d", "softmax"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_limit_inside_a_network_is_the_mean_over_draws(name):
    network = sf.Serial(sf.Conv(128, 1), sf.Tanh(), DEEP[name], sf.Relu(), sf.GlobalAveragePool(),
                        sf.Dense(2))  # fmt: skip
    claim_limit(network, X, seeds=320, finite_width=0.02, at_once=16)


REFUSED = {
    "no heads": (lambda: sf.Attention(2, 0, 3), r"must be at least 1. Got \(2, 0, 3\)"),
    "negative weights": (
        lambda: sf.Attention(2, 1, 3, weight_std=-1.0),
        r"must be positive and finite. Got -1.0 and 1.0",
    ),
    "vectors": (
        lambda: sf.Attention(2, 1, 3).output_shape((3,)),
        r"positions and channels. Got examples of shape \(3,\). Positions attend to each other",
    ),
    "vectors in the limit": (
        lambda: sf.limit_kernel(sf.Attention(2, 1, 3), X[0]),
        r"`Attention.kernel\(k=...\)` must be given the covariances of all pairs of positions",
    ),
    "random softmax": (
        lambda: sf.limit_kernel(sf.Attention(2, 1, 3, nonlinearity="softmax"), X),
        "product of two softmax weights has no closed form. Write scaling='1/d'",
    ),
    "without pairs": (
        lambda: sf.Attention(2, 1, 3).kernel(input_kernel(X)),
        "`Attention.kernel.*with cross=False",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_of_attention_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()


@pytest.mark.parametrize(("field", "value"), [("scaling", "1/D"), ("nonlinearity", "softmx")])
def test_unknown_choices_of_attention_suggest_the_nearest(field, value):
    # Below the checked annotations, which would refuse the value first.
    layer = object.__new__(sf.Attention)
    for name, given in {"features": 2, "heads": 1, "head_features": 3, "scaling": "1/d",
                        "nonlinearity": sf.Relu(), "weight_std": 1.0, "logit_std": 1.0,
                        "trained": True, field: value}.items():  # fmt: skip
        object.__setattr__(layer, name, given)
    with pytest.raises(
        UnknownNameError,
        match=rf"`Attention\({field}=...\)` must be a known name. Got '{value}'. Did",
    ):
        layer.__post_init__()


def test_quadruples_of_positions_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 100_000)
    x = jax.random.normal(KEY, (2, 6, 1))
    message = r"logits of 2 examples of 6 positions.*scaling='1/d'"
    with pytest.raises(MemoryLimitError, match=message):
        sf.Attention(2, 1, 3, nonlinearity=sf.Tanh()).kernel(input_kernel(x, cross=True))
