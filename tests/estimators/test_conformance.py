"""scikit-learn's own checks of what an estimator must do."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from surefit import estimators


def _failures(estimator):
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    assert len(results) > 40
    return {
        result["check_name"]: repr(result["exception"])
        for result in results
        if result["status"] not in ("passed", "skipped")
    }


@pytest.mark.parametrize("name", ["NNGPRegressor", "NTKClassifier"])
def test_kernel_estimators_behave_as_scikit_learn_asks(name):
    assert _failures(getattr(estimators, name)(depth=1)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", estimators.__all__)
def test_every_estimator_behaves_as_scikit_learn_asks(name):
    assert _failures(getattr(estimators, name)()) == {}


@pytest.mark.slow
def test_digits_are_classified_better_than_by_a_network_with_default_settings():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    split = train_test_split(x, y, random_state=0, stratify=y)
    x_train, x_test, y_train, y_test = split
    ours = estimators.NTKClassifier().fit(x_train, y_train).score(x_test, y_test)
    theirs = MLPClassifier(random_state=0).fit(x_train, y_train).score(x_test, y_test)
    assert ours > theirs
    assert np.isfinite(ours)
