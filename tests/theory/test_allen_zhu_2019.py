"""Theorems of Allen-Zhu, Li and Song: formulas by hand, the limit, and a run on digits."""

import dataclasses
import math

import numpy as np
import pytest

import surefit as sf
from surefit.theory import THEOREMS, Setting, assess, compare, monitors_mentioned
from surefit.theory.deep.limit import layer_kernels
from surefit.theory.deep.network import deep_network, network_checks


def inputs(n=5, d=4, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.hstack([x, np.ones((n, 1))]) / np.sqrt(2)


def setting(network=None, n=5, outputs=2, dynamics="gradient_descent", step=1e-3, loss=None, **kw):
    y = np.random.default_rng(1).uniform(-1, 1, size=(n, outputs))
    problem = sf.Problem(network or sf.models.fully_connected(64, 3, outputs), inputs(n), y, loss)
    return Setting(problem, problem.init(0), step, dynamics, **kw)


def delta(x):
    return min(np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i])


def test_descent_by_hand():
    asked, theorem = setting(), THEOREMS["allen_zhu_2019"](radius_constant=3.0)
    n, depth, m, d, gap = 5, 3, 64, 2, delta(inputs())
    found = theorem.predict(asked)
    assert found.step_size == pytest.approx(d * gap / (n**4 * depth**2 * m), rel=1e-12)
    width = found.width
    expected = n**24 * depth**12 * d * math.log(width) ** 5 / gap**8
    assert width == pytest.approx(expected, rel=1e-9)
    radius = 3 * n**3 * math.sqrt(d) * math.log(m) / (gap * math.sqrt(m))
    assert found.radius == pytest.approx(radius, rel=1e-12)
    assert found.rate == pytest.approx(1 - 1e-3 * gap * m / (d * n**2), rel=1e-12)
    assert found.applies is None
    assert all(set(p.unstated) for p in found.promises)
    gram = np.asarray(asked.problem.gram(asked.params))
    drift = math.sqrt(math.log(m)) * radius ** (1 / 3) * depth**3
    bounds = {p.monitor: p.bound for p in found.promises}
    expected = drift * np.trace(gram) / np.linalg.norm(gram)
    assert bounds["kernel_drift"] == pytest.approx(expected, rel=1e-9)
    assert bounds["product_norm"] == pytest.approx(math.sqrt(3), rel=1e-12)


def test_stochastic_descent_by_hand():
    asked = setting(dynamics="sgd", batch_size=2)
    found = THEOREMS["allen_zhu_2019_sgd"]().predict(asked)
    n, depth, m, d, b, gap = 5, 3, 64, 2, 2, delta(inputs())
    step = b * gap * d / (n**5 * depth**2 * m * math.log(m) ** 2)
    assert found.step_size == pytest.approx(step, rel=1e-12)
    radius = n**3.5 * math.sqrt(d) * math.log(m) / (gap * math.sqrt(b * m))
    assert found.radius == pytest.approx(radius, rel=1e-12)
    # Rate times step is the number of iterations that the theorem states.
    per_step = step * gap * m / (d * n**2)
    stated = n**7 * depth**2 * math.log(m) ** 2 / (b * gap**2)
    assert 1 / per_step == pytest.approx(stated, rel=1e-12)
    assert "unconfirmed" in found.note


def test_the_width_of_stochastic_descent_follows_from_its_radius():
    found = THEOREMS["allen_zhu_2019_sgd"]().predict(setting(dynamics="sgd", batch_size=2))
    n, depth, d, b, gap, m = 5, 3, 2, 2, delta(inputs()), found.width
    radius = n**3.5 * math.sqrt(d) * math.log(m) / (gap * math.sqrt(b * m))
    allowed = gap / (n**3 * depth**2 * math.sqrt(math.log(m)))
    assert radius ** (1 / 3) == pytest.approx(allowed, rel=1e-9)


def test_the_width_of_descent_follows_from_its_radius():
    found = THEOREMS["allen_zhu_2019"]().predict(setting())
    n, depth, d, gap, m = 5, 3, 2, delta(inputs()), found.width
    radius = n**3 * math.sqrt(d) * math.log(m) / (gap * math.sqrt(m))
    allowed = gap / (n**3 * depth**2 * math.sqrt(math.log(m)))
    assert radius ** (1 / 3) == pytest.approx(allowed, rel=1e-9)


def test_layer_kernels_are_those_of_networks_with_one_layer_trained():
    depth, m, d = 3, 32, 2
    x = inputs()
    found = layer_kernels(x, depth)
    network = sf.models.fully_connected(m, depth, d)
    for layer in range(1, depth + 1):
        layers = [
            dataclasses.replace(a, trained=place == 2 * layer) if isinstance(a, sf.Dense) else a
            for place, a in enumerate(network.layers)
        ]
        one = sf.Problem(sf.Serial(*layers), x, np.ones((5, d))).limit().ntk
        np.testing.assert_allclose(m / (2 * d) * found.layers[layer - 1], one, rtol=1e-12)
    whole = sf.Problem(network, x, np.ones((5, d))).limit().ntk
    np.testing.assert_allclose(m / (2 * d) * found.total, whole, rtol=1e-12)
    np.testing.assert_allclose(np.diagonal(found.layers, axis1=1, axis2=2), 1.0, rtol=1e-12)


def test_the_limit_by_hand():
    asked, theorem = setting(), THEOREMS["allen_zhu_2019_limit"](accuracy=0.25)
    found = theorem.predict(asked)
    kernels = layer_kernels(inputs(), 3)
    smallest = np.linalg.eigvalsh(kernels.total)[0]
    floor = 0.75 * 64 / 4 * smallest
    bounds = {p.monitor: p.bound for p in found.promises}
    assert bounds["gram_smallest"] == pytest.approx(floor, rel=1e-9)
    assert bounds["pl_ratio"] == pytest.approx(floor, rel=1e-9)
    assert bounds["gradient_upper_ratio"] == 1.25
    last = 0.75 * np.linalg.eigvalsh(kernels.layers[-1])[0] * 25 / delta(inputs())
    assert bounds["gradient_lower_ratio"] == pytest.approx(last, rel=1e-9)
    assert found.width == pytest.approx((np.linalg.norm(kernels.total) / smallest / 0.25) ** 2)
    twice = theorem.predict(setting(loss=sf.SumSquared(), step=5e-4))
    assert {p.monitor: p.bound for p in twice.promises}["pl_ratio"] == pytest.approx(2 * floor)


@pytest.mark.parametrize(
    ("network", "note"),
    [
        (sf.models.multilayer(8, 2, 2), "activations are not ReLU"),
        (sf.models.two_layer(8), "at least three dense layers"),
        (sf.models.residual(8, 3, 2), "in a row"),
    ],
)
def test_other_networks_get_no_promise(network, note):
    outputs = network.output_shape((5,))[0]
    asked = setting(network, outputs=outputs)
    assert deep_network(asked) is None
    notes = " ".join(check.note for check in network_checks(asked))
    assert note in notes and "models.fully_connected" in notes
    for name in ("allen_zhu_2019", "allen_zhu_2019_sgd", "allen_zhu_2019_limit"):
        found = THEOREMS[name]().predict(asked)
        assert found.applies is False and not found.promises and found.width is None


def test_scales_and_masks_are_checked():
    base = sf.models.fully_connected(8, 2, 2)

    def changed(place, **fields):
        layers = list(base.layers)
        layers[place] = dataclasses.replace(layers[place], **fields)
        return setting(sf.Serial(*layers))

    assert all(check.holds for check in network_checks(setting(base)))
    for asked, note in (
        (changed(0, weight_std=1.0), "dense layer 1 has variance 1, not 0.25"),
        (changed(2, parameterisation="ntk"), "dense layer 2 multiplies its weights by 0.5"),
        (changed(2, distribution="uniform"), "dense layer 2 is drawn as uniform"),
        (changed(2, bias_std=1.0), "there are biases"),
        (changed(-1, trained=True), "others are trained"),
    ):
        assert any(note in check.note for check in network_checks(asked))


def test_equal_inputs():
    problem = sf.Problem(sf.models.fully_connected(8, 2), np.ones((2, 1)), np.ones(2))
    found = THEOREMS["allen_zhu_2019"]().predict(Setting(problem, problem.init(0), 0.1))
    assert found.width == math.inf and not found.promises
    assert any(c.name.startswith("delta = ") and c.holds is False for c in found.assumptions)


NAMES = ("allen_zhu_2019", "allen_zhu_2019_limit")


def test_a_run_is_compared_with_every_promise():
    asked = setting(sf.models.fully_connected(512, 2, 2))
    step = 0.9 / np.linalg.eigvalsh(np.asarray(asked.problem.gram(asked.params)))[-1]
    asked = Setting(asked.problem, asked.params, float(step))
    predictions = assess(asked, NAMES)
    _, run = sf.train(asked.problem, asked.params, sf.GradientDescent(float(step)), steps=40,
                      monitors=monitors_mentioned(predictions))  # fmt: skip
    for prediction in predictions.values():
        outcomes = compare(prediction, run)
        assert len(outcomes) >= 5
        for outcome in outcomes:
            # Nothing is decided, since constants are unstated; with constants of 1 all but the
            # norm of products, whose constant is about 2 sqrt(2), hold.
            assert outcome.holds is None
            assert outcome.presumed is not outcome.name.startswith("product_norm")
