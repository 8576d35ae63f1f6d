import pytest

from surefit.activations import ACTIVATIONS, LeakyRelu, Sigmoid, Softplus
from surefit.testing import check_activation

SHIFTED = [Sigmoid(shifted=True), Softplus(shifted=True)]
VARIANTS = [LeakyRelu(-1.0), LeakyRelu(1.0), LeakyRelu(3.0), *SHIFTED]

# Other test modules define entries of their own.
OWN = [name for name, cls in ACTIVATIONS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_activation_conforms(name):
    check_activation(ACTIVATIONS[name]())


@pytest.mark.parametrize("activation", VARIANTS, ids=repr)
def test_parameters_keep_conformance(activation):
    check_activation(activation)
