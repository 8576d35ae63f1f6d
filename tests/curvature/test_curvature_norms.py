import numpy as np
import pytest

from surefit.curvature.norms import perron_bounds, weighted_norm, weighted_norm_bounds


def cases():
    rng = np.random.default_rng(0)
    for n, d in ((30, 5), (5, 30), (1, 3), (12, 12)):
        yield rng.normal(size=(n, d)), rng.normal(size=(n, 9))
    x = rng.normal(size=(20, 4))
    x -= x.mean(axis=0)
    weights = np.abs(rng.normal(size=(20, 6))) ** 4
    weights[:, 0] = 0.0
    weights[1:, 1] = 0.0
    yield x, weights
    yield np.eye(6), rng.random((6, 4))  # nothing couples the rows
    yield np.zeros((3, 2)), rng.random((3, 2))


def gram_norms(matrix, weights):
    scaled = weights.T[:, :, None] * matrix[None] * weights.T[:, None, :]
    return np.maximum(np.linalg.eigvalsh(scaled)[:, -1], 0.0)


@pytest.mark.parametrize(("x", "weights"), list(cases()))
@pytest.mark.parametrize("steps", [0, 3, 40])
def test_perron_bounds(x, weights, steps):
    entries = (x @ x.T) ** 2
    exact = gram_norms(entries, weights)
    bound = perron_bounds(entries, weights, steps)
    assert np.all(exact <= bound * (1 + 1e-12) + 1e-300)
    if steps == 40:
        assert np.all(bound <= 1.02 * exact + 1e-300)


@pytest.mark.parametrize(("x", "weights"), list(cases()))
@pytest.mark.parametrize("steps", [0, 3, 40])
def test_weighted_norm_bounds(x, weights, steps):
    exact = np.sqrt(gram_norms(x @ x.T, weights))
    np.testing.assert_allclose(weighted_norm(x, weights), exact, atol=1e-7)
    bound = weighted_norm_bounds(x, (x @ x.T) ** 2, weights, steps)
    assert np.all(exact <= bound * (1 + 1e-10) + 1e-12)
    # Never worse than the Frobenius norm of the Gram matrix.
    frobenius = np.sqrt(np.einsum("iq,ij,jq->q", weights**2, (x @ x.T) ** 2, weights**2))
    assert np.all(bound <= np.sqrt(frobenius) * (1 + 1e-9) + 1e-300)


def test_weighted_norm_bound_is_sharp_where_one_eigenvalue_dominates():
    rng = np.random.default_rng(1)
    x = np.outer(rng.normal(size=40), rng.normal(size=7)) + 0.1 * rng.normal(size=(40, 7))
    weights = rng.random((40, 5))
    bound = weighted_norm_bounds(x, (x @ x.T) ** 2, weights, 3)
    assert np.all(bound <= 1.001 * weighted_norm(x, weights))
