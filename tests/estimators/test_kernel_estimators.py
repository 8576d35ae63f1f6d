"""Estimators that are made of limit kernels."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.estimators import NNGPRegressor, NTKClassifier, NTKRegressor
from surefit.estimators.kernel_networks import critical_std
from surefit.estimators.simplex import nearest_probabilities
from surefit.estimators.weighted_ridge import GRID, fit_ridge

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
Y = np.sin(X[:, 0]) + 0.1 * RNG.normal(size=24)
LABELS = np.array(["low", "mid", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NEW = RNG.normal(size=(24, 3))


def _scaled(model, x):
    return jnp.asarray(model.input_scale_ * x)


@pytest.fixture(scope="module")
def regressor():
    return NTKRegressor(depth=2, ridge=0.01).fit(X, Y)


@pytest.fixture(scope="module")
def process():
    return NNGPRegressor(depth=2).fit(X, Y)


def test_regression_is_kernel_ridge_regression_with_the_tangent_kernel(regressor):
    network = sf.Serial(
        *(sf.Dense(1, np.sqrt(2.0), 0.1), sf.Relu()) * 2,
        sf.Dense(1),
    )
    scaled, new = _scaled(regressor, X), _scaled(regressor, NEW)
    np.testing.assert_allclose(np.mean(scaled**2), 1.0, rtol=1e-13)
    kernel = np.asarray(sf.limit_kernel(network, scaled).ntk)
    cross = np.asarray(sf.limit_kernel(network, new, scaled).ntk)
    theirs = KernelRidge(alpha=0.01 * np.trace(kernel) / 24, kernel="precomputed")
    theirs.fit(kernel, Y - Y.mean())
    expected = theirs.predict(cross) + Y.mean()
    np.testing.assert_allclose(regressor.predict(NEW), expected, rtol=1e-10, atol=1e-10)


def test_no_ridge_interpolates():
    model = NTKRegressor(depth=2, ridge=0.0).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), Y, atol=1e-9)


def test_a_weight_is_a_number_of_repetitions():
    weight = np.arange(24) % 3.0
    repeated = np.repeat(np.arange(24), weight.astype(int))
    for make in (NTKRegressor, NTKClassifier):
        y = Y if make is NTKRegressor else LABELS
        weighted = make(depth=1).fit(X, y, sample_weight=weight)
        plain = make(depth=1).fit(X[repeated], y[repeated])
        assert weighted.ridge_ == pytest.approx(plain.ridge_, rel=1e-9)
        a, b = (
            model.predict(NEW) if make is NTKRegressor else model.decision_function(NEW)
            for model in (weighted, plain)
        )
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)


def test_a_weight_is_a_number_of_observations_to_a_process():
    weight = np.arange(24) % 3.0
    repeated = np.repeat(np.arange(24), weight.astype(int))
    targets = np.stack([Y, Y**2], axis=1)
    weighted = NNGPRegressor(depth=1).fit(X, targets, sample_weight=weight)
    plain = NNGPRegressor(depth=1).fit(X[repeated], targets[repeated])
    for name in ("log_marginal_likelihood_", "signal_variance_", "noise_variance_"):
        assert getattr(weighted, name) == pytest.approx(getattr(plain, name), rel=1e-6), name
    for a, b in zip(
        weighted.predict(NEW, return_std=True), plain.predict(NEW, return_std=True), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    assert weighted.noise_variance_ != pytest.approx(
        NNGPRegressor(depth=1).fit(X, targets).noise_variance_, rel=0.01
    )


def test_generalised_cross_validation_is_its_definition():
    a = RNG.normal(size=(12, 12))
    kernel, y = a @ a.T, RNG.normal(size=(12, 2))
    fit = fit_ridge(kernel, y, "gcv")
    rho = GRID * np.trace(kernel) / 12
    expected = []
    for value in rho:
        hat = kernel @ np.linalg.inv(kernel + value * np.eye(12))
        error = np.mean(np.sum((y - hat @ y) ** 2, axis=1))
        expected.append(error / (1.0 - np.trace(hat) / 12) ** 2)
    # At the smallest ridges numerator and denominator here are lost in rounding.
    np.testing.assert_allclose(fit.scores[8:], expected[8:], rtol=1e-6)
    assert fit.ridge == pytest.approx(rho[np.argmin(fit.scores)], rel=1e-12)


def test_a_singular_kernel_is_solved_in_its_range():
    x = np.ones((4, 1))
    fit = fit_ridge(x @ x.T, np.full((4, 1), 2.0), 0.0)
    np.testing.assert_allclose(x @ x.T @ fit.dual, 2.0, rtol=1e-12)


def test_the_evidence_is_the_density_of_the_targets_and_has_its_maximum(process):
    kernel = process._between(X)
    centred = Y - Y.mean()

    def density(signal, noise):
        covariance = signal * kernel + noise * np.eye(24)
        return scipy.stats.multivariate_normal.logpdf(centred, np.zeros(24), covariance)

    s, noise = process.signal_variance_, process.noise_variance_
    best = density(s, noise)
    assert process.log_marginal_likelihood_ == pytest.approx(best, rel=1e-9)
    for a, b in ((1.05, 1.0), (0.95, 1.0), (1.0, 1.05), (1.0, 0.95)):
        assert density(a * s, b * noise) < best


def test_posterior_is_that_of_the_joint_gaussian(process):
    s, noise = process.signal_variance_, process.noise_variance_
    train = s * process._between(X) + noise * np.eye(24)
    cross = s * process._between(NEW, X)
    mean, covariance = process.predict(NEW, return_cov=True)
    gain = np.linalg.solve(train, cross.T).T
    np.testing.assert_allclose(mean, Y.mean() + gain @ (Y - Y.mean()), rtol=1e-8, atol=1e-8)
    expected = s * process._between(NEW) + noise * np.eye(24) - gain @ cross.T
    np.testing.assert_allclose(covariance, expected, rtol=1e-7, atol=1e-10)
    again, std = process.predict(NEW, return_std=True)
    np.testing.assert_allclose(std**2, np.diag(expected), rtol=1e-7)
    np.testing.assert_array_equal(again, process.predict(NEW))


def test_hyperparameters_are_chosen_by_the_evidence():
    choices = {"depth": [1, 2], "bias_std": [0.1, 1.0]}
    model = NNGPRegressor(search=choices).fit(X, Y)
    values = {
        (d, b): NNGPRegressor(depth=d, bias_std=b).fit(X, Y).log_marginal_likelihood_
        for d in (1, 2)
        for b in (0.1, 1.0)
    }
    best = max(values, key=values.get)
    assert (model.best_params_["depth"], model.best_params_["bias_std"]) == best
    assert model.log_marginal_likelihood_ == values[best]


def test_classes_are_chosen_by_the_largest_output():
    model = NTKClassifier(depth=1).fit(X, LABELS)
    scores, shares = model.decision_function(NEW), model.predict_proba(NEW)
    assert scores.shape == shares.shape == (24, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    assert shares.min() >= 0.0
    np.testing.assert_array_equal(np.argmax(shares, axis=1), np.argmax(scores, axis=1))
    np.testing.assert_array_equal(model.predict(NEW), model.classes_[np.argmax(scores, axis=1)])
    assert model.score(X, LABELS) > 0.9


def test_nearest_probabilities_minimise_the_distance():
    outputs = RNG.normal(size=(6, 4))
    ours = nearest_probabilities(outputs)
    for row, found in zip(outputs, ours, strict=True):
        reference = scipy.optimize.minimize(
            lambda p, row=row: np.sum((p - row) ** 2),
            np.full(4, 0.25),
            bounds=[(0.0, 1.0)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1.0},
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(found, reference.x, atol=1e-6)


def test_the_critical_scale_keeps_the_variance():
    assert critical_std(sf.Relu()) == pytest.approx(np.sqrt(2.0), rel=1e-12)
    draws = RNG.normal(size=10**6)
    square = np.tanh(draws) ** 2
    error = 5.0 * square.std() / 1e3  # five standard errors
    assert abs(critical_std(sf.Tanh()) ** -2 - square.mean()) < error


def test_images_are_unfolded_for_convolutions():
    network = sf.Serial(sf.Conv(1, 3), sf.Relu(), sf.Flatten(), sf.Dense(1))
    x = RNG.normal(size=(6, 16))
    model = NTKRegressor(network=network, input_shape=(4, 4, 1), ridge=0.1).fit(x, x[:, 0])
    kernel = sf.limit_kernel(network, _scaled(model, x).reshape(6, 4, 4, 1)).ntk
    np.testing.assert_allclose(model._between(x), kernel, rtol=1e-12)
    with pytest.raises(InvalidInputError, match=r"input_shape=.*\(4, 3, 1\) for 16 columns"):
        NTKRegressor(network=network, input_shape=(4, 3, 1)).fit(x, x[:, 0])


def test_copies_pipelines_and_searches(regressor):
    copy = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(copy.predict(NEW), regressor.predict(NEW))
    assert not hasattr(clone(regressor), "dual_coef_")
    search = GridSearchCV(
        make_pipeline(StandardScaler(), NTKRegressor(depth=1)),
        {"ntkregressor__ridge": [1e-4, 1.0]},
        cv=2,
    ).fit(X, Y)
    assert set(search.best_params_) == {"ntkregressor__ridge"}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (NTKRegressor(ridge=-1.0), InvalidInputError, "a number at least 0 or 'gcv'. Got -1.0"),
        (NTKRegressor(ridge="loo"), InvalidInputError, "a number at least 0 or 'gcv'. Got 'loo'"),
        (NTKRegressor(depth=0), InvalidInputError, "`depth` must be a positive integer. Got 0"),
        (
            NTKRegressor().set_params(network="fc"),
            InvalidInputError,
            "`network` must be a layer or None. Got str",
        ),
        (NTKRegressor(activation="rleu"), UnknownNameError, "Did you mean 'relu'"),
        (NNGPRegressor(noise=0.0), InvalidInputError, "must be positive or None. Got 0.0"),
        (
            NNGPRegressor(search={"widht": [1]}),
            UnknownNameError,
            "hyperparameter must be a known",
        ),
        (NNGPRegressor(search={"depth": "2"}), InvalidInputError, "lists of candidates. Got '2'"),
    ],
)
def test_what_does_not_suit_is_explained(model, error, message):
    with pytest.raises(error) as caught:
        model.fit(X, Y)
    assert message in str(caught.value)


def test_sparse_inputs_and_useless_weights_are_refused(regressor, process):
    with pytest.raises(TypeError, match="dense data is required"):
        NTKRegressor().fit(csr_array(X), Y)
    with pytest.raises(
        InvalidInputError, match=r"must be at least 0\. Got a smallest weight of -1"
    ):
        NTKRegressor().fit(X, Y, sample_weight=-np.ones(24))
    with pytest.raises(ValueError, match="at least one non-zero"):
        NTKRegressor().fit(X, Y, sample_weight=np.zeros(24))
    with pytest.raises(InvalidInputError, match="must ask for one of the two"):
        process.predict(NEW, return_std=True, return_cov=True)
