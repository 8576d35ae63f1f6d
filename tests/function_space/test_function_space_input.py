"""What is refused, and what the messages say."""

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, MemoryLimitError, NumericalError

EYE, Y = np.eye(3), np.ones(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((3, 2)), Y), r"k_train=\.\.\.\)` must be a matrix of shape 3 x 3. Got .*3, 2"),
        ((np.ones(3), Y), "k_train"),
        ((EYE, np.ones(4)), r"y=\.\.\.\)` must have shape \(3, k\). Got shape \(4,\)"),
        ((EYE, Y, np.ones((2, 4))), "k_test_train.* must be a matrix of shape .* x 3"),
        ((EYE, Y, np.ones((2, 3)), np.ones((3, 3))), "k_test=.* must be a matrix of shape 2 x 2"),
        ((EYE.astype(np.float32), Y), "k_train=.* must be float64. Got float32"),
        ((EYE, np.array(["a", "b", "c"])), "y=.* must hold real numbers"),
        ((EYE, np.array([1.0, np.nan, 1.0])), r"y=.* must be finite.* rows \[1\]"),
        ((np.diag([1.0, np.inf, 1.0]), Y), r"k_train=.* must be finite.* rows \[1\]"),
    ],
)
def test_faulty_matrices_are_explained(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.FunctionSpace(*arguments)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ridge": -1.0}, "ridge=.* must be finite and at least 0. Got -1"),
        ({"ridge": np.inf}, "ridge"),
        ({"f0": np.ones((3, 2))}, r"f0=.* must have shape \(3, 1\). Got shape \(3, 2\)"),
        ({"nngp_train": np.ones((2, 2))}, "nngp_train=.* shape 3 x 3"),
    ],
)
def test_faulty_fields_are_explained(fields, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.FunctionSpace(EYE, Y, **fields)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda own: own.at(-1.0), "must be at least 0. Got -1"),
        (lambda own: own.at(float("nan")), "must be at least 0. Got nan"),
        (lambda own: own.after(-1), "whole number of at least 0. Got -1"),
        (lambda own: own.after(3, 0.0), "must be positive and finite. Got 0"),
        (lambda own: own.time_to_loss(0.0), "must be above 0. Got 0"),
        (lambda own: own.steps_to_loss(-1.0), "must be above 0. Got -1"),
        (lambda own: own.at(1.0).test, "k_test_train=.* must be given for predictions"),
        (lambda own: own.posterior(), "nngp_train=.* must be given for distributions"),
        (lambda own: own.at(1.0).distribution(), "nngp_train"),
    ],
)
def test_faulty_questions_are_explained(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call(sf.FunctionSpace(EYE, Y))


def test_distributions_on_test_points_need_their_kernels():
    own = sf.FunctionSpace(EYE, Y, np.ones((2, 3)), nngp_train=EYE)
    with pytest.raises(InvalidInputError, match=r"nngp_test_train=.* must be given for a dist"):
        own.posterior()
    assert own.posterior(0.5, on="train").mean.shape == (3, 1)


def test_kernels_that_do_not_belong_together_are_noticed():
    own = sf.FunctionSpace(
        EYE, Y, np.ones((1, 3)), nngp_train=EYE, nngp_test_train=3 * np.ones((1, 3)),
        nngp_test=np.ones((1, 1)),
    )  # fmt: skip
    with pytest.raises(NumericalError, match="do not belong to one kernel"):
        own.posterior().std  # noqa: B018


def test_levels_are_probabilities():
    own = sf.FunctionSpace(EYE, Y, nngp_train=EYE).posterior(0.1, on="train")
    with pytest.raises(InvalidInputError, match=r"must lie between 0 and 1. Got 1\.5"):
        own.interval(1.5)


def test_points_of_another_shape_are_refused():
    network = sf.Serial(sf.Dense(4), sf.Relu(), sf.Dense(1))
    with pytest.raises(InvalidInputError, match=r"examples of one shape\. Got shapes"):
        sf.function_space.at_infinite_width(network, EYE, Y, np.ones((2, 4)))


def test_too_many_points_are_refused_with_the_bytes(monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 2**20)
    network = sf.Serial(sf.Dense(4), sf.Relu(), sf.Dense(1))
    x = np.random.default_rng(0).standard_normal((100, 3))
    with pytest.raises(MemoryLimitError, match=r"It needs 1\.8 MiB; 1\.0 MiB are available"):
        sf.function_space.at_infinite_width(network, x, np.ones(100))


@pytest.mark.parametrize(
    ("times", "message"),
    [([0.0, 0.0], "increasing"), ([1.0, 0.5], "increasing"), ([-1.0, 0.5], "at least 0")],
)
def test_times_of_a_flow_increase(times, message):
    own = sf.FunctionSpace(EYE, np.eye(3))
    with pytest.raises(InvalidInputError, match=message):
        sf.function_space.loss_flow(own, times)


def test_cross_entropy_needs_one_hot_targets():
    with pytest.raises(InvalidInputError, match="must have one-hot targets"):
        sf.function_space.loss_flow(sf.FunctionSpace(EYE, EYE - 0.1), [1.0])
