"""Kernels and networks of the theory beside scikit-learn's, on its bundled data sets.

Prints a table in Markdown: scores of five random splits, mean and standard deviation, and seconds
per fit. Every model has its default settings behind the same `StandardScaler`.
"""

import time
import warnings

import numpy as np
from sklearn import datasets
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from surefit import estimators

SPLITS = 5
CLASSIFIERS = [
    estimators.NTKClassifier(),
    estimators.NetworkClassifier(max_iter=1000, tol=1e-2, random_state=0),
    MLPClassifier(random_state=0),
    SVC(),
    GaussianProcessClassifier(),
]
REGRESSORS = [
    estimators.NTKRegressor(),
    estimators.NNGPRegressor(),
    estimators.NetworkRegressor(max_iter=1000, tol=0.3, random_state=0),
    MLPRegressor(random_state=0),
    SVR(),
    KernelRidge(kernel="rbf"),
    GaussianProcessRegressor(RBF() + WhiteKernel(), normalize_y=True),
]
DATA = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| data | model | score on held-out quarter | seconds per fit |")
    print("|---|---|---|---|")
    for name, load in DATA.items():
        x, y = load(return_X_y=True)
        for model in REGRESSORS if name == "diabetes" else CLASSIFIERS:
            scores, seconds = [], []
            for seed in range(SPLITS):
                split = train_test_split(
                    x, y, random_state=seed, stratify=y if is_classifier(model) else None
                )
                x_train, x_test, y_train, y_test = split
                fitted = make_pipeline(StandardScaler(), clone(model))
                start = time.perf_counter()
                fitted.fit(x_train, y_train)
                seconds.append(time.perf_counter() - start)
                scores.append(fitted.score(x_test, y_test))
            print(
                f"| {name} | {type(model).__name__} | {np.mean(scores):.3f} ± {np.std(scores):.3f} "
                f"| {np.median(seconds):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
