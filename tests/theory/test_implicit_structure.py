"""Networks of the papers on implicit networks are recognised, and failing hypotheses are named."""

import dataclasses
import math

import numpy as np
import pytest

import surefit as sf
from surefit.core.check import Evidence
from surefit.testing.theorem import _check_example
from surefit.theory import THEOREMS, Setting
from surefit.theory.implicit.directions import distinct_directions
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_quantities import (
    feature_gram_smallest,
    lambda_0,
    limit_feature_gram_smallest,
    norm_constant,
)
from surefit.theory.implicit.ling_network import LingNetwork, ling_network
from surefit.theory.implicit.memo import per_setting
from surefit.theory.implicit.norms import weight_norm

Y = np.array([1.0, -1.0])


def setting(network, x=None, y=Y, params=None, seed=0, **kwargs):
    problem = sf.Problem(network, np.eye(2) if x is None else x, y)
    return Setting(problem, problem.init(seed) if params is None else params, 0.05, **kwargs)


def failing(prediction):
    return {check.name: check.note for check in prediction.failing if check.holds is False}


def printed(**kwargs):
    return THEOREMS["gao_2022"]().predict(setting(**kwargs))


def test_parameters_of_the_papers_network_are_found():
    network = sf.models.implicit_relu(16, 0.1)
    asked = setting(network)
    found = gao_network(asked)
    assert isinstance(found, GaoNetwork)
    hidden, _, ((a, u), v) = (asked.params[0], asked.params[1], asked.params[2])
    for array, part in ((found.W, hidden), (found.A, a)):
        np.testing.assert_array_equal(array, part["w"])
    np.testing.assert_array_equal(found.u, u["w"][0])
    np.testing.assert_array_equal(found.v, v["w"][0])
    assert (found.width, found.gamma, found.sign_defect) == (16, 0.1, 0.0)
    assert found.output_norm == pytest.approx(1.0)
    # The formulas of the paper with these arrays are the network.
    x = np.random.default_rng(0).normal(size=2)
    x /= np.linalg.norm(x)
    phi = np.maximum(found.W @ x, 0.0) / 4.0
    z = phi
    for _ in range(200):
        z = np.maximum(0.1 / 4.0 * found.A @ z + phi, 0.0)
    output = asked.problem.predict(asked.params, x[None, :])[0, 0]
    assert found.u @ z + found.v @ phi == pytest.approx(float(output), rel=1e-12)


def test_branches_may_stand_in_either_order_and_outputs_may_be_centred():
    hidden, relu, both = sf.models.implicit_relu(8, 0.1).layers
    swapped = sf.Serial(sf.Serial(hidden, relu), sf.Sum(*reversed(both.branches)))
    one, other = gao_network(setting(sf.models.implicit_relu(8))), gao_network(setting(swapped))
    assert isinstance(other, GaoNetwork)
    assert other.of_state == one.of_state
    assert isinstance(gao_network(setting(sf.Centred(swapped))), GaoNetwork)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (sf.models.implicit_relu(8, skip=False), "skip term"),
        (sf.models.implicit_relu(8, output_scale=2.0), "1/sqrt(m) before u"),
        (sf.models.shallow(8), "is not Dense, Relu, Sum"),
        (sf.models.ling(8, 0.01), "is not Dense, Relu, Sum"),
        (
            sf.Serial(sf.Dense(8), sf.Relu(), sf.Sum(sf.Dense(1), sf.Dense(1))),
            "branches of the sum",
        ),
    ],
)
def test_other_networks_are_described_in_words_and_get_no_promise(network, words):
    asked = setting(network)
    assert words in gao_network(asked)
    for name in ("gao_2022", "gao_2022_flow", "gao_2022_proof", "gao_2022_corrected"):
        prediction = THEOREMS[name]().predict(asked)
        (note,) = (c.note for c in prediction.assumptions if "implicit ReLU" in c.name)
        assert words in note
        assert prediction.applies is False
        assert prediction.promises == ()
        assert prediction.width is None
    assert norm_constant(asked) is None
    assert math.isnan(lambda_0(asked))
    assert feature_gram_smallest(asked) is None


def test_wrong_scalings_are_named_one_by_one():
    hidden, relu, both = sf.models.implicit_relu(8, 0.1).layers
    (implicit, out), other = both.branches[0].layers, both.branches[1]
    tanh = dataclasses.replace(implicit, activation=sf.Tanh())
    network = sf.Serial(
        dataclasses.replace(hidden, parameterisation="ntk", bias_std=1.0),
        relu,
        sf.Sum(sf.Serial(tanh, out), other),
    )
    text = gao_network(setting(network))
    for words in ("inside is Tanh", "biases", "1 before W"):
        assert words in text


def test_lings_network_is_found_and_others_are_described():
    asked = setting(sf.models.ling(12, 0.02, output_scale=0.3))
    found = ling_network(asked)
    assert isinstance(found, LingNetwork)
    np.testing.assert_array_equal(found.W, asked.params[1]["w"])
    np.testing.assert_array_equal(found.U, asked.params[0]["w"])
    assert (found.width, found.output_scale) == (12, 0.3)
    assert found.sigma_w_squared == pytest.approx(0.02)
    assert "is not Dense, Equilibrium, Dense" in ling_network(setting(sf.models.shallow(4)))
    scaled = ling_network(setting(sf.models.implicit_linear(4, activation=sf.Tanh(), bias_std=1.0)))
    for words in ("Tanh", "biases", "multiplies U", "multiplies W", "multiplies a"):
        assert words in scaled


@pytest.mark.parametrize(
    ("kwargs", "name", "words"),
    [
        ({"network": sf.models.implicit_relu(8, trained="implicit")}, "all trained", "W, u, v"),
        ({"network": sf.models.implicit_relu(8, distribution="uniform")}, "Gaussian", "uniform"),
        (
            {"network": sf.models.implicit_relu(8, implicit_distribution="non_negative")},
            "Gaussian",
            "non-negative",
        ),
        ({"network": sf.models.implicit_relu(64, 0.2)}, "gamma", "1/(4c)"),
        ({"network": sf.models.implicit_relu(8), "x": 2.0 * np.eye(2)}, "||x_i||", "row 0"),
        ({"network": sf.models.implicit_relu(1)}, "m >= n", "rank at most m"),
        (
            {"network": sf.models.implicit_relu(8), "x": np.array([[0.6, 0.8], [0.6, 0.8]])},
            "u_i - u_j",
            "rows 0 and 1",
        ),
    ],
)
def test_each_failing_hypothesis_is_named(kwargs, name, words):
    found = failing(printed(**kwargs))
    assert any(name in key and words in note for key, note in found.items()), found


def test_wrong_signs_fail_as_printed_and_their_norm_decides_where_corrected():
    asked = setting(sf.models.implicit_relu(64))
    (w, relu, ((a, u), v)) = asked.params
    signs = u["w"]
    for factor, fails in ((0.5, False), (1.5, True)):
        params = (w, relu, ((a, {"w": factor * signs}), v))
        changed = setting(asked.problem.network, params=params)
        names = failing(THEOREMS["gao_2022"]().predict(changed))
        assert any("|u_r|" in name for name in names)
        names = failing(THEOREMS["gao_2022_corrected"]().predict(changed))
        assert any("||u(0)||" in name for name in names) is fails


def test_opposite_inputs_are_named_and_do_not_fail():
    x = np.array([[0.6, 0.8], [-0.6, -0.8]])
    asked = setting(sf.models.implicit_relu(8), x=x)
    check = distinct_directions(asked)
    assert check.holds is True
    assert "opposite" in check.note
    assert lambda_0(asked) == pytest.approx(0.5, rel=1e-12)
    assert "opposite" not in distinct_directions(setting(sf.models.shallow(4))).note


def test_a_direction_twice_fails_whatever_the_lengths():
    x = np.array([[0.5, 0.25], [0.25, 0.125]])
    assert distinct_directions(setting(sf.models.shallow(4), x=x)).holds is None  # within rounding
    x = np.array([[0.5, 0.25], [0.0, 0.0]])
    check = distinct_directions(setting(sf.models.shallow(4), x=x))
    assert check.holds is False
    assert "row 1 is zero" in check.note
    single = setting(sf.models.shallow(4), x=np.eye(2)[:1], y=Y[:1])
    assert distinct_directions(single).holds is True


def test_distances_agree_with_the_full_table_in_blocks(monkeypatch):
    monkeypatch.setattr("surefit.theory.implicit.directions._BLOCK", 3)
    x = np.random.default_rng(1).normal(size=(8, 3))
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    gaps = np.linalg.norm(units[:, None] - units[None], axis=2) + 9.0 * np.eye(8)
    found = distinct_directions(setting(sf.models.shallow(4), x=x, y=np.ones(8)))
    assert found.value == pytest.approx(gaps.min(), rel=1e-12)


def test_lambda_0_is_that_of_the_closed_form():
    identity = limit_feature_gram_smallest(setting(sf.models.implicit_relu(4)))
    assert identity.value == pytest.approx(0.3408450569081046, rel=1e-14)
    assert identity.contains(0.5 - 1.0 / (2.0 * math.pi))
    assert identity.error < 1e-12
    # Rows of other norms, against the mean over many Gaussian weights: four standard errors.
    x = np.array([[1.0, 0.5], [-0.3, 2.0]])
    w = np.random.default_rng(0).normal(size=(200_000, 2))
    features = np.maximum(w @ x.T, 0.0)
    products = features[:, :, None] * features[:, None, :]
    error = 4.0 * np.linalg.norm(products.std(axis=0)) / math.sqrt(len(w))
    sampled = np.linalg.eigvalsh(products.mean(axis=0))[0]
    found = limit_feature_gram_smallest(setting(sf.models.implicit_relu(4), x=x))
    assert abs(found.value - sampled) < error


def test_the_gram_matrix_of_features_is_zero_below_n_neurons():
    x = np.eye(3)
    asked = setting(sf.models.implicit_relu(2), x=x, y=np.ones(3))
    found = feature_gram_smallest(asked)
    assert (found.lower, found.upper) == (0.0, 0.0)
    w = gao_network(asked).W
    phi = np.maximum(x @ w.T, 0.0) / math.sqrt(2.0)
    assert abs(np.linalg.eigvalsh(phi @ phi.T)[0]) < 1e-12
    check = next(
        c
        for c in THEOREMS["gao_2022_corrected"]().assumptions(asked)
        if c.name == "smallest eigenvalue of G(0)"
    )
    assert check.holds is False
    wide = setting(sf.models.implicit_relu(40), x=x, y=np.ones(3))
    phi = np.maximum(x @ gao_network(wide).W.T, 0.0) / math.sqrt(40.0)
    assert feature_gram_smallest(wide).contains(np.linalg.svd(phi.T)[1][-1] ** 2)


def test_the_norm_constant_is_the_larger_of_the_two_norms():
    asked = setting(sf.models.implicit_relu(24))
    found = gao_network(asked)
    expected = max(np.linalg.norm(found.A, 2), np.linalg.norm(found.W, 2)) / math.sqrt(24)
    assert norm_constant(asked).contains(expected)
    assert norm_constant(asked).error < 1e-12


def test_norms_of_large_matrices_are_sampled(monkeypatch):
    matrix = np.random.default_rng(0).normal(size=(30, 20))
    assert weight_norm(matrix).evidence is Evidence.FLOAT
    monkeypatch.setattr("surefit.theory.implicit.norms._DENSE", 10)
    sampled = weight_norm(matrix)
    assert sampled.evidence is Evidence.SAMPLED
    assert sampled.contains(np.linalg.norm(matrix, 2))


def test_quantities_are_computed_once_for_each_setting():
    calls = []

    @per_setting
    def count(asked):
        calls.append(asked)
        return len(calls)

    one, two = setting(sf.models.shallow(4)), setting(sf.models.shallow(4))
    assert [count(one), count(one), count(two), count(one)] == [1, 1, 2, 1]


def test_a_contradiction_that_does_not_fail_is_refused():
    for name, words in (
        ("max |y_i|", "a contradiction must fail"),
        ("absent", "one of the checks"),
    ):
        kind = type("_Sound", (THEOREMS["du_2018"],), {"contradiction": name})
        prediction = kind().predict(kind().example_setting())
        with pytest.raises(AssertionError, match=words):
            _check_example(kind(), prediction)
