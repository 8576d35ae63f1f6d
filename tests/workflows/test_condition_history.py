"""The condition C of the certificates is followed while a network is trained."""

import math

import numpy as np
import pytest

import surefit as sf
from surefit.core.condition_history import ConditionHistory, Moment
from surefit.core.record import RunRecord
from surefit.curvature import jacobian_lipschitz
from surefit.report.page import render
from surefit.workflows import certify, condition_history
from surefit.workflows.condition_history import FILE, ConditionWatch, moment

X = np.random.default_rng(0).normal(size=(6, 4))
X /= np.linalg.norm(X, axis=1, keepdims=True)
Y = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
NETWORK = sf.models.shallow(32, weight_std=3.0)


@pytest.fixture(scope="module")
def problem():
    return sf.Problem(NETWORK, X, Y)


def test_a_moment_is_what_its_definition_says(problem):
    params = problem.init(0)
    found = moment(problem, params, 7.0)
    values = np.linalg.svd(problem.jacobian(params), compute_uv=False)
    r = np.linalg.norm(problem.residual(params))
    assert found.time == 7.0
    np.testing.assert_allclose([found.residual, found.sigma], [r, values[-1]], rtol=1e-9)
    # Curvature at the weights is the least that C can be made of; the ball adds a little.
    least = 2.0 * jacobian_lipschitz(problem, params, 0.0).value * r / values[-1] ** 2
    assert least <= found.condition <= 2.0 * least
    np.testing.assert_allclose(
        found.condition, 2.0 * found.lipschitz * r / values[-1] ** 2, rtol=1e-6
    )
    # The certificate says the same.
    own = sf.certify(problem, params, certifiers=["kantorovich_majorant"]).quantities
    np.testing.assert_allclose(found.condition, own["condition"], rtol=1e-6)


def test_a_jacobian_without_full_rank_is_infinitely_far():
    x = np.concatenate([X, -X[:1]])  # an odd activation cannot tell x from -x
    problem = sf.Problem(NETWORK, x, np.append(Y, 1.0))
    assert moment(problem, problem.init(0), 0.0).condition == math.inf


@pytest.fixture
def cheap(monkeypatch):
    """Moments without their matrices, where only the times matter."""

    def stand_in(problem, params, time):
        return Moment(time, 1.0 / (1.0 + time), 0.5, 2.0, 10.0 / (1.0 + time))

    monkeypatch.setattr(condition_history, "moment", stand_in)


def asked_at(watch, problem, steps):
    return [step for step in steps if not watch(problem, problem.init(0), step)]


def test_moments_are_spaced_geometrically_and_survive_an_interruption(problem, tmp_path, cheap):
    pauses = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *range(1000, 20_000, 1000)]
    whole = ConditionWatch(problem, problem.init(0), None, tmp_path)
    assert asked_at(whole, problem, pauses) == pauses
    expected = [0, 1, 4, 16, 64, 256, 1000, 2000, 4000, 8000, 16_000, 19_500]
    history = whole.history(problem, problem.init(0), 19_500.0, None)
    assert [one.time for one in history.training] == expected
    # Goes on behind a checkpoint at step 512, from which later steps are made again.
    (tmp_path / "again").mkdir()
    first = ConditionWatch(problem, problem.init(0), None, tmp_path / "again")
    asked_at(first, problem, pauses[:13])
    second = ConditionWatch(problem, problem.init(0), None, tmp_path / "again")
    asked_at(second, problem, pauses[10:])
    assert second.history(problem, problem.init(0), 19_500.0, None) == history
    assert (tmp_path / "again" / FILE).exists()


def test_the_stop_condition_is_passed_on(problem, tmp_path, cheap):
    heard = []

    def stop(problem, params, step):
        heard.append(step)
        return step == 2

    watch = ConditionWatch(problem, problem.init(0), stop, tmp_path, clock=0.5)
    assert [watch(problem, problem.init(0), step) for step in range(3)] == [False, False, True]
    assert heard == [0, 1, 2]
    times = [one.time for one in watch.history(problem, problem.init(0), 1.0, None).training]
    assert times == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("network", "loss", "reason"),
    [
        (sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(1)), sf.Logistic(), "belongs to squared loss"),
        (sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(1)), None, "is affine in its"),
        (sf.Serial(sf.Dense(8), sf.LayerNorm(), sf.Dense(1)), None, "LayerNorm is none of the"),
    ],
)
def test_why_nothing_is_measured(network, loss, reason, tmp_path):
    problem = sf.Problem(network, X, Y, loss)
    watch = ConditionWatch(problem, problem.init(0), None, tmp_path)
    assert not watch(problem, problem.init(0), 0)
    history = watch.history(problem, problem.init(0), 10.0, None)
    assert reason in history.absent
    assert history.training == ()
    assert list(tmp_path.iterdir()) == []


def test_many_residuals_are_not_followed(tmp_path):
    x = np.random.default_rng(1).normal(size=(501, 3))
    network = sf.Serial(sf.Dense(2), sf.Tanh(), sf.Dense(2))
    problem = sf.Problem(network, x, np.ones((501, 2)))
    assert "1002 residuals" in ConditionWatch(problem, problem.init(0), None, tmp_path).absent


def test_the_journey_keeps_and_shows_it(tmp_path):
    spec = {
        "data": "digits",
        "classes": (0, 1),
        "samples": 16,
        "activation": "relu",
        "width": 64,
        "theorems": (),
        "monitors": ("loss",),
        "polish": True,
    }
    finished = certify(sf.CertifySpec.parse(spec), tmp_path)
    record = RunRecord.load(finished.directory)
    history = record.conditions
    assert isinstance(history, ConditionHistory)
    assert history == finished.record.conditions
    assert [one.time for one in history.training[:3]] == [0.0, 1.0, 4.0]
    assert history.training[-1].time == record.trajectory.steps
    residual = np.sqrt(record.trajectory["squared_residual"].values)
    np.testing.assert_allclose(history.training[1].residual, residual[1], rtol=1e-9)
    assert history.fired is None  # a rectifier, not polished yet
    assert history.polishing[0].residual == pytest.approx(history.training[-1].residual)
    assert history.fired_polishing.condition < 1.0
    page = render(record)
    assert "How far a certificate was" in page
    assert 'data-plot="condition-training"' in page
    assert 'data-plot="condition-polishing"' in page
    # What a reader who sees no plot is told.
    assert "Line plot of condition C over step: measured C goes from" in page
    assert "Behind polishing step" in page
