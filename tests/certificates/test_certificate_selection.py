import subprocess
import sys

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import CERTIFIERS, certify, fires, issue_all
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.losses import SumSquared

FLOW, DESCENT = "bartlett_montanari_rakhlin", "oymak_soltanolkotabi"


def nearly_solved(size, network=None, loss=None):
    network = network or sf.models.shallow(40, weight_std=3.0, antisymmetric=False)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    blank = sf.Problem(network, x, np.zeros(6))
    params = blank.init(0)
    y = np.asarray(blank.predict(params))[:, 0] - size * np.ones(6)
    return sf.Problem(network, x, y, loss), params


def test_all_that_hold_come_first_and_the_fastest_descent_leads():
    issued = issue_all(*nearly_solved(1e-6))
    assert all(certificate.holds for certificate in issued)
    assert [c.name for c in issued] == ["kantorovich_majorant", DESCENT, FLOW]
    rates = [c.quantities["rate"] for c in issued[:2]]
    assert rates == sorted(rates)


def test_a_weaker_condition_leads_where_nothing_holds():
    issued = issue_all(*nearly_solved(2.0))
    assert not any(certificate.holds for certificate in issued)
    assert [c.name for c in issued] == ["kantorovich_majorant", FLOW, DESCENT]
    conditions = [c.quantities["condition"] for c in issued]
    assert 1 < conditions[0] < conditions[1] < conditions[2]


def test_certify_gives_the_first():
    problem, params = nearly_solved(1e-6)
    first = issue_all(problem, params)[0]
    assert certify(problem, params).to_dict() == first.to_dict()
    assert sf.certify is certify


def test_a_step_asks_for_descent_unless_told_otherwise():
    problem, params = nearly_solved(1e-6)
    refused = certify(problem, params, step_size=50.0)
    assert refused.holds is False
    assert "descent" in refused.statement
    assert certify(problem, params, step_size=50.0, certifiers=[FLOW]).holds
    assert len(issue_all(problem, params, step_size=50.0)) == len(CERTIFIERS.names())


def test_certifiers_are_chosen_by_name_or_instance():
    problem, params = nearly_solved(1e-6)
    for choice in (DESCENT, CERTIFIERS[DESCENT]()):
        assert certify(problem, params, certifiers=[choice]).name == DESCENT
    with pytest.raises(UnknownNameError, match="Did you mean 'oymak_soltanolkotabi'"):
        certify(problem, params, certifiers=["oymak_soltanolkotaby"])
    with pytest.raises(InvalidInputError, match="must name at least one certifier"):
        certify(problem, params, certifiers=[])


@pytest.mark.parametrize("loss", [None, SumSquared()])
def test_fires_agrees_with_the_certificate(loss):
    problem, params = nearly_solved(1e-6, loss=loss)
    sharp = CERTIFIERS["kantorovich_majorant"]()
    limit = sharp.issue(problem, params).quantities["fire_residual"] / np.sqrt(6)
    answers = []
    for share in (1.01, 0.99, 1e-6):
        problem, params = nearly_solved(share * limit, loss=loss)
        largest = sharp.issue(problem, params).quantities["largest_step"]
        steps = [None] if np.isnan(largest) else [None, 0.5 * largest, 2 * largest]
        for step in steps:
            holds = sharp.issue(problem, params, step_size=step).holds
            assert fires(problem, params, step) is bool(holds)
            answers.append(holds)
    assert answers == [False, *2 * [True, True, False]]


def test_fires_can_wait_for_a_better_statement():
    problem, params = nearly_solved(1e-6)
    limit = certify(problem, params).quantities["fire_residual"] / np.sqrt(6)
    problem, params = nearly_solved(0.6 * limit)
    assert fires(problem, params)
    assert fires(problem, params, condition=0.61)
    assert not fires(problem, params, condition=0.59)
    for condition in (0.0, 1.5, float("nan")):
        with pytest.raises(InvalidInputError, match=r"`fires\(condition=...\)` must be above 0"):
            fires(problem, params, condition=condition)


@pytest.mark.parametrize(
    "network",
    [
        sf.models.shallow(1, antisymmetric=False),
        sf.Serial(sf.Dense(16), sf.LayerNorm(), sf.Tanh(), sf.Dense(1)),
    ],
    ids=["too few parameters", "no curvature bound"],
)
def test_fires_says_no_without_a_theorem(network):
    assert fires(*nearly_solved(1e-9, network)) is False


@pytest.mark.parametrize(
    "network",
    [
        sf.Serial(sf.Dense(32), sf.Relu(), sf.Dense(1)),
        sf.models.multilayer(16, 2, zero_start=False),
    ],
    ids=["kink", "deep"],
)
def test_fires_near_a_fit_only_where_kinks_or_depth_ask_for_more(network):
    assert fires(*nearly_solved(1e-9, network)) is True
    assert fires(*nearly_solved(1.0, network)) is False


def test_training_stops_on_it():
    # The certificate is reached by plain descent, and fires exactly from some step on.
    problem, params = nearly_solved(0.3)
    step = 1.0 / np.linalg.eigvalsh(problem.gram(params))[-1]
    answers = []

    @jax.jit
    def advance(params):
        def one(_, p):
            g = jax.grad(problem.objective)(p)
            return jax.tree.map(lambda a, b: a - step * b, p, g)

        return jax.lax.fori_loop(0, 200, one, params)

    for _ in range(12):
        answers.append(fires(problem, params, step))
        params = advance(params)
    assert answers == sorted(answers)
    assert not answers[0]
    assert answers[-1]


FLOAT32_CALLER = """
import warnings; warnings.simplefilter("error")
import jax, numpy as np
import surefit as sf
from surefit.certificates import fires
network = sf.models.shallow(16, weight_std=3.0)
problem = sf.Problem(network, np.eye(4), 1e-6 * np.ones(4))
params = problem.init(0)
single = jax.tree.map(lambda a: np.asarray(a, np.float32), params)
certificate = sf.certify(problem, single)
assert certificate.holds, certificate.explain()
assert fires(problem, single)
assert certificate.witness["params.0.w"].dtype == np.float64
assert not jax.config.jax_enable_x64
"""


def test_a_float32_caller_is_certified_in_float64():
    subprocess.run([sys.executable, "-c", FLOAT32_CALLER], check=True)
