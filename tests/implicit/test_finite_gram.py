"""Gram matrices of implicit networks at finite width."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.errors import InvalidInputError, NumericalError
from surefit.implicit.limits import finite_gram, ling_finite_gram

M, N, D = 40, 5, 6
LAYERS = 200


def draw(norm=0.767, seed=0):
    """Weights, samples of unit norm, and the gain at which the scaled operator norm is `norm`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    A, W = rng.normal(size=(M, M)), rng.normal(size=(M, D))
    u, v = rng.choice([-1.0, 1.0], size=(2, M))
    return (A, W, u, v, x), norm * M**0.5 / np.linalg.norm(A, 2)


def jacobian_parts(output, weights, x):
    """The tangent kernel of every array of weights, by differentiation of each output."""
    gradients = jax.jit(jax.vmap(jax.grad(output), in_axes=(None, 0)))(weights, x)
    rows = [np.asarray(g).reshape(x.shape[0], -1) for g in gradients]
    return [g @ g.T for g in rows]


def unrolled(weights, x, gamma):
    A, W, u, v = weights
    phi = jnp.maximum(W @ x, 0) / M**0.5
    z = jax.lax.fori_loop(
        0, LAYERS, lambda _, z: jnp.maximum(gamma / M**0.5 * A @ z + phi, 0), jnp.zeros_like(phi)
    )
    return u @ z + v @ phi


def test_parts_agree_with_differentiation_through_two_hundred_layers():
    given, gamma = draw()
    gram = finite_gram(*given, gamma)
    parts = jacobian_parts(lambda w, x: unrolled(w, x, gamma), given[:4], jnp.asarray(given[4]))
    scale = np.linalg.norm(sum(parts))
    for name, expected in zip(("H_A", "H_W", "H_u", "H_v"), parts, strict=True):
        assert np.linalg.norm(getattr(gram, name) - expected) <= 1e-13 * scale
    assert np.linalg.norm(gram.H - sum(parts)) <= 1e-13 * scale
    np.testing.assert_array_equal(gram.H_u, gram.z_gram)
    np.testing.assert_array_equal(gram.H_v, gram.phi_gram)


def test_matrices_agree_with_dense_solves_of_their_definition():
    (A, W, u, v, x), gamma = draw(seed=1)
    gram = finite_gram(A, W, u, v, x, gamma)
    scaled = gamma / M**0.5 * A
    phi = np.maximum(x @ W.T, 0) / M**0.5
    z = np.zeros((N, M))
    for _ in range(400):
        z = np.maximum(z @ scaled.T + phi, 0)
    first, right = [], []
    for i in range(N):
        d = np.diag((scaled @ z[i] + phi[i] > 0).astype(float))
        right.append(d @ np.linalg.solve((np.eye(M) - d @ scaled).T, u))
        first.append(d @ np.linalg.solve(np.eye(M) - d @ scaled, u))
    e = (x @ W.T > 0).astype(float)
    p, printed = np.array(right), np.array(first)
    np.testing.assert_allclose(gram.M, p @ p.T / M, rtol=1e-12)
    expected = ((p + v) * e) @ ((p + v) * e).T / M
    np.testing.assert_allclose(gram.Q, expected, rtol=1e-12, atol=1e-13)
    expected = ((printed + v) * e) @ ((p + v) * e).T / M
    np.testing.assert_allclose(gram.q_as_printed, expected, rtol=1e-12, atol=1e-13)
    ones = (gamma**2 * gram.M + 1) * gram.z_gram + gram.Q * (x @ x.T) + gram.phi_gram
    np.testing.assert_allclose(gram.H, ones, rtol=1e-13)


def test_printed_formulas_are_not_the_tangent_kernel():
    given, gamma = draw()
    gram, x = finite_gram(*given, gamma), given[4]
    size = np.linalg.norm(gram.H)
    # (16) without its transpose: not symmetric, a few per cent away.
    assert np.linalg.norm(gram.q_as_printed - gram.q_as_printed.T) >= 0.01 * np.linalg.norm(gram.Q)
    misprint = gram.H + (gram.q_as_printed - gram.Q) * (x @ x.T)
    assert 0.01 <= np.linalg.norm(misprint - gram.H) / size <= 0.1
    # (14) with an identity instead of ones: the products of different equilibria are lost.
    identity = gram.H + (np.eye(N) - 1) * gram.z_gram
    assert np.linalg.norm(identity - gram.H) >= 0.05 * size


def test_a_rectifier_can_raise_the_operator_norm():
    # The proof of Lemma 3.4 takes ||sigma(B)|| <= ||B|| for granted.
    W, one = np.array([[1.0, 1.0], [1.0, -1.0]]), np.ones(2)
    gram = finite_gram(np.eye(2), W, one, one, np.eye(2), 0.1)
    features = 2 * np.linalg.eigvalsh(gram.phi_gram)[-1]
    np.testing.assert_allclose(np.sqrt(features), (1 + 5**0.5) / 2, rtol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(W, 2), 2**0.5, rtol=1e-14)


def test_gram_of_features_is_singular_below_one_unit_per_sample():
    rng = np.random.default_rng(2)
    x, W = rng.normal(size=(6, 8)), rng.normal(size=(4, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    one = np.ones(4)
    values = np.linalg.eigvalsh(finite_gram(np.eye(4), W, one, one, x, 0.1).phi_gram)
    assert abs(values[1]) <= 1e-14
    assert values[2] > 1e-3


def test_given_equilibria_are_used():
    given, gamma = draw()
    A, W, *_, x = given
    phi = np.maximum(x @ W.T, 0) / M**0.5
    z = np.zeros((N, M))
    for _ in range(LAYERS):
        z = np.maximum(gamma / M**0.5 * z @ A.T + phi, 0)
    found, plain = finite_gram(*given, gamma, z=z), finite_gram(*given, gamma)
    np.testing.assert_allclose(found.z_gram, z @ z.T, rtol=1e-14)
    np.testing.assert_allclose(found.H, plain.H, rtol=1e-12)
    doubled = finite_gram(*given, gamma, z=2 * z)
    np.testing.assert_allclose(doubled.z_gram, 4 * (z @ z.T), rtol=1e-14)


def test_ling_parts_agree_with_differentiation():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, D))
    x *= (D**0.5) / np.linalg.norm(x, axis=1, keepdims=True)
    W, U = (2 * 0.08 / M) ** 0.5 * rng.normal(size=(M, M)), (2 / D) ** 0.5 * rng.normal(size=(M, D))
    a = rng.normal(size=M) / M**0.5
    gram = ling_finite_gram(W, U, a, x)

    def output(weights, x):
        W, U, a = weights
        shift = U @ x
        step = lambda _, z: jnp.maximum(W @ z + shift, 0)  # noqa: E731
        return a @ jax.lax.fori_loop(0, LAYERS, step, jnp.zeros_like(shift))

    of_w, of_u, of_a = jacobian_parts(output, (W, U, a), jnp.asarray(x))
    size = np.linalg.norm(of_w + of_u + of_a)
    for found, expected in ((gram.H1, of_a), (gram.H2, of_w), (gram.H3, of_u)):
        assert np.linalg.norm(found - expected) <= 1e-13 * size
    np.testing.assert_array_equal(gram.G, gram.H1)
    np.testing.assert_allclose(gram.H, of_w + of_u + of_a, atol=1e-13 * size)


def test_double_precision_whatever_the_caller_uses():
    given, gamma = draw()
    plain = finite_gram(*given, gamma)
    with jax.enable_x64(False):
        found = finite_gram(*given, gamma)
    assert isinstance(found.H, np.ndarray)
    assert found.H.dtype == np.float64
    np.testing.assert_allclose(found.H, plain.H, rtol=1e-13)


def test_refusals():
    (A, W, u, v, x), gamma = draw()
    with pytest.raises(InvalidInputError, match=r"must be given shapes .*'A': \(40, 40\)"):
        finite_gram(A[:, 1:], W, u, v, x, gamma)
    with pytest.raises(InvalidInputError, match=r"'z': \(5, 40\)"):
        finite_gram(A, W, u, v, x, gamma, z=np.zeros((4, M)))
    with pytest.raises(InvalidInputError, match=r"'U': \(40, 6\).*Samples are rows"):
        ling_finite_gram(A, W[:, 1:], u, x)
    with pytest.raises(NumericalError, match=r"norm of the scaled weights is 7\.67"):
        finite_gram(A, W, u, v, x, 10 * gamma)
