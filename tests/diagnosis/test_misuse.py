"""Every misuse of `diagnose` and `watch` is refused in words, before any work."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.diagnosis.losses import as_loss
from surefit.errors import InvalidInputError, MemoryLimitError, UnknownNameError

X, Y, W = np.ones((4, 3)) * np.arange(1.0, 5.0)[:, None], np.arange(4.0), jnp.ones(3)


def linear(w, x):
    return x @ w


def scores(w, x):
    return x @ w[:, None] * jnp.ones((1, 2))


def batch_statistics(w, x):
    outputs = x @ w
    return outputs - outputs.mean()


def transposed(w, x):
    return x.T @ w


def concrete(w, x):
    return x @ w if float(x.sum()) > 0 else w @ x.T


def with_nan(rows, value=np.nan):
    array = np.array(X if rows == "x" else Y)
    array[1] = value
    return array


module = eqx.nn.MLP(3, "scalar", 4, 1, key=jax.random.key(0))
layer = sf.Serial(sf.Dense(4), sf.Dense(1))
BAD = {
    "no function": (("tanh", W, X, Y), {}, "must be a function f(params, x)"),
    "no parameters": ((linear, None, X, Y), {}, "must be given with a function"),
    "no weights": ((module, {}, X, Y), {}, "at least one floating array"),
    "nothing moves": ((linear, {}, X, Y), {}, "at least one floating array"),
    "integers": ((linear, {"w": np.array([1, 2, 3])}, X, Y), {}, "Got int64 at 'w'"),
    "complex": ((linear, {"w": np.ones(3, complex)}, X, Y), {}, "Got complex128 at 'w'"),
    "NaN in weights": ((linear, {"w": np.full(3, np.nan)}, X, Y), {}, "NaN or infinity in 'w'"),
    "single examples": ((module.__call__, W, X, Y), {}, "jax.vmap"),
    "wrong shapes": ((linear, jnp.ones(5), X, Y), {}, "must take the parameters and a batch"),
    "average": ((lambda w, x: (x @ w).mean(), W, X, Y), {}, "a row of outputs per example"),
    "batch statistics": ((batch_statistics, W, X, Y), {}, "treat every example for itself"),
    "wrong axis": ((transposed, jnp.ones(4), X, Y), {}, "a row of outputs per example"),
    "two outputs": ((lambda w, x: (x @ w, w), W, X, Y), {}, "must return one array"),
    "integer outputs": ((lambda w, x: (x @ w).astype(int), W, X, Y), {}, "floating numbers"),
    "NaN in outputs": ((lambda w, x: jnp.log(-x @ w), W, X, Y), {}, "must return finite numbers"),
    "no JAX code": ((concrete, W, X, Y), {}, "must take the parameters and a batch"),
    "words in x": ((linear, W, np.array(["a", "b"]), Y), {}, "must be an array of numbers"),
    "no examples": ((linear, W, X[:0], Y[:0]), {}, "at least one example"),
    "NaN in x": ((linear, W, with_nan("x"), Y), {}, "NaN or infinity in rows [1]"),
    "infinity in y": ((linear, W, X, with_nan("y", np.inf)), {}, "NaN or infinity in rows [1]"),
    "fewer targets": ((linear, W, X, Y[:3]), {}, "one row per example: 4"),
    "words in y": ((linear, W, X, np.array(list("abcd"))), {}, "must be numbers"),
    "too many targets": ((linear, W, X, np.ones((4, 2))), {}, "as many numbers per example"),
    "class numbers": ((scores, W, X, [0, 1, 1, 0]), {}, "loss='cross_entropy'"),
    "class too large": ((scores, W, X, [0, 1, 2, 0]), {"loss": "cross_entropy"}, "from 0 to 1"),
    "not one-hot": ((scores, W, X, np.ones((4, 2))), {"loss": "cross_entropy"}, "one-hot"),
    "signs": ((linear, W, X, [0, 1, 1, 0]), {"loss": "logistic"}, "must be -1 or 1"),
    "mask of a layer": ((layer, {}, X, Y), {"trainable": True}, "must be None with a layer"),
    "mask": ((linear, W, X, Y), {"trainable": {"a": True}}, "a pytree of booleans"),
    "other weights": ((linear, W, X, Y), {"trained": jnp.ones(4)}, "structure and shapes"),
    "trained NaN": ((linear, W, X, Y), {"trained": jnp.full(3, jnp.nan)}, "must be finite"),
    "step": ((linear, W, X, Y), {"step_size": 0.0}, "must be positive and finite"),
    "target": ((linear, W, X, Y), {"target_losses": [1.0, 0.0]}, "positive and finite numbers"),
    "tolerance": ((linear, W, X, Y), {"tolerance": -1.0}, "must be positive and finite"),
    "samples": ((linear, W, X, Y), {"samples": 0}, "must be at least 1"),
    "hardest": ((linear, W, X, Y), {"hardest": 0}, "must be at least 1"),
    "memory": ((linear, W, X, Y), {"memory_limit": 0}, "a positive number of bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_misuse_is_refused_in_words(name):
    args, options, said = BAD[name]
    with pytest.raises(InvalidInputError) as caught:
        sf.diagnose(*args, **options)
    text = str(caught.value)
    assert text.startswith("`diagnose(") and " Got " in text and said in text
    assert text.count(". ") >= 2 and text.endswith(".")


def test_a_loss_is_a_name_or_a_loss():
    with pytest.raises(
        InvalidInputError, match=r"`diagnose\(loss=...\)` must be the name of a loss"
    ):
        as_loss("diagnose", 3)


def test_unknown_losses_and_too_little_memory():
    with pytest.raises(UnknownNameError, match="cross_entropy"):
        sf.diagnose(linear, W, X, Y, loss="crossentropy")
    with pytest.raises(MemoryLimitError):
        sf.diagnose(linear, W, X, Y, memory_limit=10)


@pytest.mark.parametrize("options", [{"step_size": -1.0}, {"tolerance": 0.0}, {"trainable": 3.5}])
def test_misuse_of_watch(options):
    with pytest.raises(InvalidInputError, match=r"^`watch\("):
        sf.watch(linear, W, X, Y, **options)
