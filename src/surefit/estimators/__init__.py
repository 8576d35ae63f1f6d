"""Kernels and networks of the theory behind scikit-learn's interface.

Every estimator passes `sklearn.utils.estimator_checks.check_estimator`, and can be cloned, pickled,
searched over and put into pipelines.
"""

from surefit.estimators.implicit_net_classifier import ImplicitNetClassifier
from surefit.estimators.implicit_net_regressor import ImplicitNetRegressor
from surefit.estimators.network_classifier import NetworkClassifier
from surefit.estimators.network_regressor import NetworkRegressor
from surefit.estimators.nngp_regressor import NNGPRegressor
from surefit.estimators.ntk_classifier import NTKClassifier
from surefit.estimators.ntk_regressor import NTKRegressor

__all__ = [
    "ImplicitNetClassifier",
    "ImplicitNetRegressor",
    "NNGPRegressor",
    "NTKClassifier",
    "NTKRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
]
