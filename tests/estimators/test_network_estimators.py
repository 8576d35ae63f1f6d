"""Estimators that train a network of finite width."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.estimators import (
    ImplicitNetClassifier,
    ImplicitNetRegressor,
    NetworkClassifier,
    NetworkRegressor,
)
from surefit.estimators.sphere import SphereMap

RNG = np.random.default_rng(1)
X = RNG.normal(size=(12, 2))
Y = X[:, 0] ** 2
LABELS = np.where(X[:, 0] > 0, "yes", "no")


@pytest.fixture(scope="module")
def regressor():
    return NetworkRegressor(width=64, tol=1e-9, max_iter=20_000, random_state=3).fit(X, Y)


def test_training_ends_at_the_tolerance_with_everything_that_was_measured(regressor):
    at_zero = 0.5 * len(Y)  # targets are standardised
    assert regressor.loss_ <= 1e-9 * at_zero
    assert len(regressor.loss_curve_) == regressor.n_iter_ + 1
    assert regressor.loss_curve_[0] == pytest.approx(at_zero, rel=1e-9)
    error = (regressor.predict(X) - Y) / Y.std()
    assert 0.5 * np.sum(error**2) == pytest.approx(regressor.loss_, rel=1e-6)


def test_the_theory_speaks_of_the_fit(regressor):
    certificate = regressor.certificate()
    assert certificate.holds is True
    predictions = regressor.predictions()
    assert set(predictions) == set(sf.theory.THEOREMS.names())
    name = next(iter(predictions))
    assert [c.name for c in regressor.checks()[name]] == [
        c.name for c in predictions[name].assumptions
    ]


def test_the_same_random_state_is_the_same_model(regressor):
    again = NetworkRegressor(width=64, tol=1e-9, max_iter=20_000, random_state=3).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), regressor.predict(X))
    copy = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(copy.predict(X), regressor.predict(X))


def test_several_targets_are_columns():
    y = np.stack([Y, 100.0 + 5.0 * X[:, 1]], axis=1)
    model = NetworkRegressor(width=64, tol=1e-3, random_state=0).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.99


@pytest.mark.parametrize("loss", ["half_squared", "cross_entropy"])
def test_classes_are_learnt(loss):
    model = NetworkClassifier(width=32, loss=loss, tol=0.01, random_state=0).fit(X, LABELS)
    assert model.score(X, LABELS) == 1.0
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    decisions = model.decision_function(X)
    np.testing.assert_array_equal(decisions > 0, model.predict(X) == "yes")
    np.testing.assert_array_equal(shares[:, 1] > 0.5, decisions > 0)


def test_implicit_networks_are_trained():
    model = ImplicitNetRegressor(width=32, tol=0.05, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.94
    classifier = ImplicitNetClassifier(width=32, tol=0.1, random_state=0).fit(X, LABELS)
    assert classifier.score(X, LABELS) == 1.0


def test_points_of_the_sphere_stay_apart():
    x = np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]])
    sphere = SphereMap.of(x)(x)
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 1.0, rtol=1e-15)
    assert np.max((sphere @ sphere.T)[~np.eye(3, dtype=bool)]) < 0.999


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (NetworkRegressor(max_iter=0), InvalidInputError, "max_iter=...)` must be a positive"),
        (NetworkRegressor(tol=1.0), InvalidInputError, "tol=...)` must lie in [0, 1). Got 1.0"),
        (NetworkRegressor(activation="tan"), UnknownNameError, "Did you mean 'tanh'"),
        (NetworkRegressor(method="adam"), UnknownNameError, "must be a known name. Got 'adam'"),
        (NetworkClassifier(loss="hinge"), UnknownNameError, "must be a known name. Got 'hinge'"),
        (ImplicitNetRegressor(gamma=0.6), InvalidInputError, "between 0 and 1/2. Got 0.6"),
    ],
)
def test_what_does_not_suit_is_explained(model, error, message):
    y = LABELS if isinstance(model, NetworkClassifier) else Y
    with pytest.raises(error) as caught:
        model.fit(X, y)
    assert message in str(caught.value)


@pytest.mark.parametrize("cls", [NetworkClassifier, ImplicitNetClassifier])
def test_networks_take_part_in_pipelines_searches_and_refuse_sparse_data(cls):
    model = cls(width=16, max_iter=20, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model), {f"{cls.__name__.lower()}__tol": [1e-2, 0.1]}, cv=2
    ).fit(X, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    fitted = search.best_estimator_
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
    assert not hasattr(clone(fitted[-1]), "params_")
    with pytest.raises(TypeError, match="dense data is required"):
        model.fit(csr_array(X), LABELS)


@pytest.mark.parametrize("kind", [NetworkRegressor, ImplicitNetClassifier])
def test_weights_of_samples_are_refused_in_words(kind):
    with pytest.raises(InvalidInputError) as caught:
        make_pipeline(StandardScaler(), kind()).fit(
            X, LABELS, **{f"{kind.__name__.lower()}__sample_weight": np.ones(12)}
        )
    assert f"`{kind.__name__}.fit(sample_weight=...)` must be left out" in str(caught.value)
    assert not has_fit_parameter(kind(), "sample_weight")
