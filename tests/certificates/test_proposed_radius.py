"""What holds with room is proved: the radius proposed suits bounds that are less sharp."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf

X = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))[0].T
Y = np.array([1.0, -1.0, 1.0, -1.0])


def _deep(width):
    return sf.Serial(
        sf.Dense(width, 2.0, parameterisation="unscaled"),
        sf.Tanh(),
        sf.Dense(width),
        sf.Tanh(),
        sf.Dense(1, parameterisation="standard"),
    )


def _implicit(width):
    return sf.models.implicit_linear(width, 0.1, input_std=2.0, activation=sf.Tanh())


@pytest.mark.parametrize("build", [_deep, _implicit])
@pytest.mark.parametrize("condition", [0.1, 0.4])
def test_certificates_at_the_start_are_proved(build, condition, tmp_path):
    # The residual of a centred network at the start is -y: any condition C can be had by its size.
    def problem(size):
        return sf.Problem(sf.Centred(build(96)), X, size * Y)

    params = problem(1.0).init(0)
    fires = sf.certify(problem(1e-6), params).quantities["fire_residual"]
    certificate = sf.certify(problem(condition * fires / np.linalg.norm(Y)), params)
    assert certificate.quantities["condition"] == pytest.approx(condition, rel=1e-6)
    verdict = sf.verify(certificate.save(tmp_path / "certificate"))
    assert verdict.verdict == "proved", verdict.reason


def test_an_exact_fit_is_proved(tmp_path):
    network = _deep(16)
    params = network.init(jax.random.key(0), (6,))
    problem = sf.Problem(network, X, np.asarray(network.apply(params, jnp.asarray(X))))
    certificate = sf.certify(problem, params)
    assert certificate.quantities["residual"] == 0.0
    assert sf.verify(certificate.save(tmp_path / "certificate")).verdict == "proved"
