import jax
import numpy as np
import pytest

import surefit as sf
from surefit.tangent.gram import output_kernel

IMAGES = np.random.default_rng(0).normal(size=(5, 4, 4, 1))
CASES = {
    "fc": (sf.models.fully_connected(8, 2, 3), IMAGES.reshape(5, -1)),
    "shared": (sf.models.convolutional((4, 4), 2, 2, 3, shared=True), IMAGES),
}


@pytest.mark.parametrize("name", CASES)
def test_the_kernel_of_one_output_is_its_block_of_the_gram_matrix(name):
    network, x = CASES[name]
    problem = sf.Problem(network, x, np.zeros((5, 3)))
    params = problem.init(0)
    jacobian = np.asarray(problem.jacobian(params)).reshape(5, 3, -1)
    found = jax.jit(lambda p, x: output_kernel(network, p, x, 2))(params, problem.x)
    own = jacobian[:, 2]
    np.testing.assert_allclose(found, own @ own.T, rtol=1e-12, atol=1e-14)


def test_unshared_weights_on_more_examples_than_are_formed_at_once():
    x = np.random.default_rng(1).normal(size=(11, 3, 3, 1))
    problem = sf.Problem(sf.models.convolutional((3, 3), 2, 2, 2), x, np.zeros((11, 2)))
    params = problem.init(0)
    jacobian = np.asarray(problem.jacobian(params))
    np.testing.assert_allclose(problem.gram(params), jacobian @ jacobian.T, rtol=1e-11, atol=1e-13)
