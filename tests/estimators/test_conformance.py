"""scikit-learn's own checks of what an estimator must do."""

import json
import subprocess
import sys

import pytest

from surefit import estimators

# In a process of its own: here the types of arguments are checked, and scikit-learn asks that
# constructors take anything.
SCRIPT = """
import json, sys
from sklearn.utils.estimator_checks import check_estimator
from surefit import estimators
estimator = getattr(estimators, sys.argv[1])(**json.loads(sys.argv[2]))
results = check_estimator(estimator, on_skip=None, on_fail=None)
bad = [r for r in results if r["status"] not in ("passed", "skipped")]
print(json.dumps([len(results), {r["check_name"]: repr(r["exception"]) for r in bad}]))
"""


def _failures(name, **options):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    count, failures = json.loads(done.stdout.splitlines()[-1])
    assert count > 40
    return failures


def test_a_kernel_estimator_behaves_as_scikit_learn_asks():
    assert _failures("NNGPRegressor", depth=1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", estimators.__all__)
def test_every_estimator_behaves_as_scikit_learn_asks(name):
    assert _failures(name) == {}


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
