"""Certificates at initialisation: issued, checked, refused; the model of the kernel (Lemma 6)."""

import math

import numpy as np
import pytest

import surefit as sf
from surefit.certificates.initial.majorant import limit
from surefit.certificates.initial.path import largest_constant, linear_path_length
from surefit.core.certificate import Certificate
from surefit.errors import InvalidInputError
from surefit_checker import check


def network(m=160, std=8.0, activation=None, parameterisation="standard", outputs=1):
    return sf.Serial(
        sf.Dense(m, std, parameterisation="unscaled"),
        activation or sf.Tanh(),
        sf.Dense(outputs, parameterisation=parameterisation),
    )


def example(net=None, n=10, d=12, outputs=1, loss=None, shift=0.0):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, d)) + shift
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], size=(n, outputs))
    problem = sf.Problem(net or sf.Centred(network()), x, y, loss)
    return problem, problem.init(0)


@pytest.fixture(scope="module")
def certified():
    problem, params = example()
    return problem, params, sf.certify_at_start(problem, params)


def test_it_holds_and_the_checker_proves_it(certified, tmp_path):
    _, _, certificate = certified
    assert certificate.holds is True
    verdict = check(certificate.save(tmp_path / "c"))
    assert verdict.verdict == "proved", verdict.reason
    # Two programs that share nothing.
    issued, proved = certificate.quantities, verdict.numbers
    for own, other in (
        ("residual", "residual_norm"),
        ("sigma_min", "sigma_min"),
        ("linear_path_length", "linear_path_length"),
        ("constant", "constant"),
        ("lipschitz", "whitened_lipschitz"),
        ("radius", "path_length"),
        ("hidden_movement", "hidden_movement"),
        ("output_movement", "output_movement"),
    ):
        np.testing.assert_allclose(issued[own], proved[other], rtol=2e-3, err_msg=own)
    contraction = 1.0 - issued["step_size"] * proved["rate"]
    np.testing.assert_allclose(1.0 - issued["rate"], 1.0 - contraction, rtol=5e-3)


def test_statement_and_note_say_what_is_claimed(certified, tmp_path):
    _, params, certificate = certified
    assert "from these initial weights converges to zero training loss" in certificate.statement
    assert f"no longer than {certificate.quantities['radius']:.4g}" in certificate.statement
    assert "kernel regime" in certificate.note
    assert certificate.evidence == sf.Evidence.FLOAT
    loaded = Certificate.load(certificate.save(tmp_path / "c"))
    assert loaded.explain() == certificate.explain()
    assert loaded.document["statement"]["kind"] == "initialisation"
    np.testing.assert_array_equal(
        loaded.witness["params.0.w"], np.asarray(params["network"][0]["w"])
    )


@pytest.mark.parametrize(
    ("activation", "m"),
    [(sf.Erf(), 200), (sf.Sin(), 400), (sf.Sigmoid(shifted=True), 1500), (sf.Gelu(), 1500)],
    ids=["erf", "sin", "sigmoid", "gelu"],
)
def test_smooth_activations_and_losses(activation, m, tmp_path):
    net = sf.Centred(network(m, activation=activation))
    problem, params = example(net, loss=sf.MeanSquared())
    certificate = sf.certify_at_start(problem, params)
    assert certificate.holds, certificate.explain()
    assert check(certificate.save(tmp_path / "c")).verdict == "proved"


def test_a_network_with_biases(tmp_path):
    net = sf.Serial(
        sf.Dense(250, 8.0, 1.0, parameterisation="unscaled"),
        sf.Tanh(),
        sf.Dense(1, 1.0, 1.0, parameterisation="standard"),
    )
    certificate = sf.certify_at_start(*example(sf.Centred(net)))
    assert certificate.holds, certificate.explain()
    assert check(certificate.save(tmp_path / "c")).verdict == "proved"


def test_the_width_that_a_failure_names_is_enough():
    problem, params = example(sf.Centred(network(48)))
    certificate = sf.certify_at_start(problem, params)
    assert certificate.holds is False
    assert certificate.document is None
    assert "times too large" in certificate.note
    named = int(certificate.note.split("about m = ")[1].split(" should")[0].replace(" ", ""))
    assert 48 < named < 480
    wider, start = example(sf.Centred(network(2 * named)))
    assert sf.certify_at_start(wider, start).holds


@pytest.mark.parametrize(
    ("net", "shift", "hint"),
    [
        (sf.Centred(network(48, 1.0)), 0.0, "Draw the first layer wider"),
        (sf.Centred(network(48, 8.0, parameterisation="ntk")), 0.0, 'parameterisation "standard"'),
        (sf.Centred(network(48)), 2.0, "Remove the mean"),
        (network(48), 0.0, "Start at zero output"),
        (sf.Antisymmetric(network(48)), 0.0, "twice as many different ones"),
    ],
    ids=["narrow start", "factor", "mean", "output", "copies"],
)
def test_failures_say_what_helps(net, shift, hint):
    certificate = sf.certify_at_start(*example(net, shift=shift))
    assert certificate.holds is False
    assert hint in certificate.note
    assert certificate.statement.startswith("Not shown: gradient descent")


def test_equal_inputs_and_long_steps_fail_honestly():
    problem, params = example()
    long = sf.certify_at_start(problem, params, 1.0)
    assert long.holds is False
    assert "overshoots" in long.note
    x = np.array(problem.x)
    x[1] = x[0]
    twin = sf.Problem(problem.network, x, problem.y)
    certificate = sf.certify_at_start(twin, twin.init(0))
    assert certificate.holds is False
    assert "not onto within rounding" in certificate.note
    assert math.isnan(certificate.quantities["condition"])


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (network(8, activation=sf.Relu()), {}, "Got the activation relu, which has a kink"),
        (network(8, outputs=2), {"outputs": 2}, "Got 2 outputs"),
        (sf.Serial(sf.Dense(1)), {}, "Got the layers dense"),
        (
            sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(1)),
            {},
            "Got a layer that is not trained",
        ),
        (sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(1), sf.Tanh()), {}, "with the activation tanh"),
        (sf.Serial(sf.Dense(8), sf.LayerNorm(), sf.Dense(1)), {}, "the certificate format has"),
    ],
)
def test_other_networks_are_refused(net, options, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.certify_at_start(*example(net, **options))


def test_misuse_is_explained():
    problem, params = example()
    with pytest.raises(InvalidInputError, match="must be a positive number"):
        sf.certify_at_start(problem, params, -1.0)
    broken = {**params, "anchor": params["anchor"]}
    first = dict(params["network"][0])
    first["w"] = first["w"].at[0, 0].set(np.nan)
    broken["network"] = (first, *params["network"][1:])
    with pytest.raises(InvalidInputError, match="must be finite"):
        sf.certify_at_start(problem, broken)
    logistic, start = example(network(8), loss=sf.Logistic())
    with pytest.raises(InvalidInputError, match="squared loss"):
        sf.certify_at_start(logistic, start)


def test_closed_forms_of_the_path():
    one = np.ones(1)
    for step in (0.01, 0.2, 0.25):
        assert 2.5 <= linear_path_length(4.0 * one, 5.0 * one, step) < 2.5 * 1.01
        assert 1.0 <= largest_constant(4.0 * one, step) < 1.01
    # Orthogonal directions of equal speed are one direction.
    many = linear_path_length(4.0 * np.ones(9), np.full(9, 5.0 / 3.0), 0.1)
    np.testing.assert_allclose(many, linear_path_length(4.0 * one, 5.0 * one, 0.1), rtol=1e-12)
    c = 1.8
    x = np.linspace(0.0, math.sqrt(1 + 1 / c) - 1, 100_001)
    slope = (1 - c * x) / (1 + x) - c * x
    np.testing.assert_allclose(np.trapezoid(slope, x), limit(c), rtol=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_descent_with_a_model_of_the_kernel(seed):
    """Lemma 6 on random quadratic maps: the model's kernel is up to 4 % off."""
    rng = np.random.default_rng(seed)
    n, p, error = 4, 9, 0.04 * rng.uniform()
    j0 = rng.normal(size=(n, p))
    kernel = j0 @ j0.T
    values, vectors = np.linalg.eigh(kernel)
    half = vectors * np.sqrt(values) @ vectors.T
    e = rng.normal(size=(n, n))
    e = e + e.T
    inverse = np.linalg.inv(np.eye(n) + error * e / np.linalg.norm(e, 2))
    model = half @ inverse @ half  # so that model^(-1/2) K model^(-1/2) is similar to I + E
    d, q = np.linalg.eigh(0.5 * (model + model.T))
    root = q / np.sqrt(d) @ q.T
    error = np.linalg.norm(root @ kernel @ root - np.eye(n), 2)
    step = 1.0 / d[-1]
    b = rng.normal(size=(n, p, p))
    b = b + b.transpose(0, 2, 1)
    bend = np.linalg.norm(np.einsum("ij,jkl->ikl", root, b).reshape(n, -1), 2)
    r = rng.normal(size=n)
    length = linear_path_length(d, q.T @ r, step)
    c = largest_constant(d, step)

    def rise(x):
        return (1 + c) * np.log1p(x) - c * x - c * x * x / 2

    top = math.sqrt(1 + 1 / c) - 1
    # As much curvature as the condition allows, nearly.
    scale = 0.98 * (rise(top) - rise(error)) / (length * bend)
    lipschitz = scale * bend
    grid = np.linspace(error, top, 200_001)
    phi = grid[np.argmax(rise(grid) - rise(error) >= lipschitz * length)]
    path_bound, slope = (phi - error) / lipschitz, (1 - c * phi) / (1 + phi) - c * phi
    factor = 1 - step * slope * (1 - phi) * d[0]
    theta, path = np.zeros(p), 0.0
    start = r
    for k in range(400):
        r = start + j0 @ theta + 0.5 * scale * np.einsum("ikl,k,l->i", b, theta, theta)
        if np.linalg.norm(r) < 1e-12:  # rounding from here on
            break
        # Both are bounds, off by up to half a percent.
        assert linear_path_length(d, q.T @ r, step) <= 1.005 * length * factor**k
        move = step * (j0 + scale * np.einsum("ikl,l->ik", b, theta)).T @ r
        theta, path = theta - move, path + np.linalg.norm(move)
    assert path <= path_bound


@pytest.mark.slow
@pytest.mark.parametrize(("samples", "m"), [(50, 256), (100, 768), (360, 3072)])
def test_digits(samples, m, tmp_path):
    """The tables of docs/certificates/initialisation.md, but for n = 1000."""
    data = sf.data.prepare(sf.data.load("digits"), classes=(0, 1), samples=samples)
    problem = sf.Problem(sf.Centred(network(m)), data.x, data.y)
    certificate = sf.certify_at_start(problem, problem.init(0))
    assert certificate.holds, certificate.explain()
    assert check(certificate.save(tmp_path / "c")).verdict == "proved"
