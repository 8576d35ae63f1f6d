import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.core.tree import (
    add_scaled,
    combine,
    count,
    difference,
    dot,
    leaf_names,
    norm,
    partition,
    ravel,
)
from surefit.errors import InvalidInputError


def params(seed=0):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: jnp.asarray(rng.standard_normal(shape))  # noqa: E731
    return ({"w": draw(3, 4), "b": draw(4)}, (), {"w": draw(4, 1)})


def flat(tree):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(tree)])


def same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    return all(np.array_equal(x, y) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))


def test_ravel_and_back():
    tree = params()
    vector, unravel = ravel(tree)
    assert np.array_equal(vector, flat(tree))
    assert same(unravel(vector), tree)


def test_linear_algebra_is_that_of_the_vectors():
    a, b = params(1), params(2)
    x, y = flat(a), flat(b)
    assert np.isclose(dot(a, b), x @ y, rtol=1e-14)
    assert np.isclose(norm(a), np.linalg.norm(x), rtol=1e-14)
    assert np.allclose(flat(add_scaled(a, -0.3, b)), x - 0.3 * y, rtol=1e-15)
    assert np.array_equal(flat(difference(a, b)), x - y)
    assert norm(difference(a, a)) == 0.0


def test_the_scale_may_be_a_scalar_array_and_all_is_jit_compatible():
    a, b = params(1), params(2)
    step = jax.jit(lambda s: norm(add_scaled(a, s, b)))
    assert np.isclose(step(jnp.asarray(0.5)), np.linalg.norm(flat(a) + 0.5 * flat(b)))
    gradient = jax.grad(lambda s: dot(add_scaled(a, s, b), b))(1.0)
    assert np.isclose(gradient, flat(b) @ flat(b))


def test_the_precision_of_the_leaves_is_kept():
    a = {"w": jnp.ones(3, jnp.float32)}
    moved = add_scaled(a, np.float64(0.5), a)
    assert moved["w"].dtype == np.float32
    assert dot(a, a).dtype == np.float32


def test_empty_trees():
    assert norm(()) == 0.0
    assert count({}) == 0
    assert leaf_names(()) == ()


def test_partition_and_combine():
    tree = params()
    mask = ({"w": True, "b": False}, (), False)
    chosen, rest = partition(tree, mask)
    assert leaf_names(chosen) == ("0/w",)
    assert leaf_names(rest) == ("0/b", "2/w")
    assert same(combine(chosen, rest), tree)
    assert count(chosen) == 12
    assert np.isclose(norm(chosen) ** 2 + norm(rest) ** 2, norm(tree) ** 2)


def test_count_reads_descriptions_and_plain_numbers():
    assert count(params()) == 12 + 4 + 4
    assert count(jax.eval_shape(params)) == 20
    assert count({"scale": 2.0}) == 1


def test_names_follow_the_order_of_the_leaves():
    assert leaf_names(params()) == ("0/b", "0/w", "2/w")


@pytest.mark.parametrize("function", [dot, difference, lambda a, b: add_scaled(a, 1.0, b)])
def test_trees_must_match(function):
    tree = params()
    with pytest.raises(InvalidInputError, match="trees of the same structure"):
        function(tree, tree[:2])
    wider = ({"w": jnp.zeros((3, 5)), "b": tree[0]["b"]}, (), tree[2])
    with pytest.raises(InvalidInputError, match=r"Got \(3, 4\) and \(3, 5\) at '0/w'"):
        function(tree, wider)
