"""Balls contain the exact results, in rational arithmetic and in many digits."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb

from surefit_checker.ball import Ball, leading, norm, up
from surefit_checker.verdict import UndecidedError, float_down, float_up

RNG = np.random.default_rng(0)


def exact(a):
    return [[Fraction(float(x)) for x in row] for row in a]


def holds(ball, values):
    """Whether all exact values lie in the ball; also how large the ball is."""
    for m, r, v in zip(ball.mid.ravel(), ball.rad.ravel(), values, strict=True):
        assert abs(Fraction(float(m)) - v) <= Fraction(float(r))


def random_ball(shape, spread):
    """A ball, and a point in it, often on its border."""
    mid = RNG.normal(size=shape) * 10.0 ** RNG.integers(-9, 9, size=shape)
    rad = spread * np.abs(mid) * RNG.random(shape)
    side = RNG.choice([-1.0, 0.5, 1.0], size=shape)
    point = [
        Fraction(float(m)) + Fraction(float(s)) * Fraction(float(r))
        for m, r, s in zip(mid.ravel(), rad.ravel(), side.ravel(), strict=True)
    ]
    return Ball(mid, rad), np.array(point, dtype=object).reshape(shape)


@pytest.mark.parametrize("spread", [0.0, 1e-12, 0.3])
def test_sums_and_products_contain_the_exact_ones(spread):
    for _ in range(20):
        (a, x), (b, y) = random_ball((4, 5), spread), random_ball((4, 5), spread)
        holds(a + b, (x + y).ravel())
        holds(a - b, (x - y).ravel())
        holds(a * b, (x * y).ravel())
        holds(a * 0.1, (x * Fraction(0.1)).ravel())
        holds(a @ b.T, (x @ y.T).ravel())


def test_products_in_the_range_of_subnormal_numbers():
    a, b = Ball(np.full((1, 3), 3e-170)), Ball(np.full((3, 1), 7e-170))
    holds(a @ b, [3 * Fraction(3e-170) * Fraction(7e-170)])
    holds(a * b.T, [Fraction(3e-170) * Fraction(7e-170)] * 3)


@pytest.mark.parametrize("spread", [0, 3, 30])
@pytest.mark.parametrize("terms", [1, 2, 3, 64, 300])
def test_leading_bits_are_multiplied_and_added_without_rounding(terms, spread):
    shape = (3, terms)
    a, b = (RNG.normal(size=shape) * 2.0 ** RNG.integers(-spread, spread + 1, shape) for _ in "ab")
    a[0], b[0] = np.where(a[0] < 0, -1.0, 1.0), 1.0 - 2.0**-53  # the largest multiples
    a[1], b[1] = 2.0 ** np.arange(terms) / 2.0**terms, a[1]  # where a sum crosses a power of 2
    one, two = leading(a, -1), leading(b, -1).T
    for part, whole in ((one, a), (two.T, b)):
        rest = whole - part
        assert all(
            Fraction(x) - Fraction(y) == Fraction(z)
            for x, y, z in zip(whole.ravel(), part.ravel(), rest.ravel(), strict=True)
        )
        assert np.all(np.abs(rest) <= 2.0**-20 * np.max(np.abs(whole), -1, keepdims=True))
    for order in (np.arange(terms), RNG.permutation(terms)):
        product = one[:, order] @ two[order]
        for i, j in np.ndindex(product.shape):
            assert Fraction(product[i, j]) == sum(
                Fraction(x) * Fraction(y) for x, y in zip(one[i], two[:, j], strict=True)
            )


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e140])
def test_products_with_exact_factors_are_nearly_as_sharp_as_floats_can_be(scale):
    a, b = (Ball(RNG.normal(size=(4, 500)) * scale) for _ in "ab")
    product = a @ b.T
    holds(product, (np.array(exact(a.mid)) @ np.array(exact(b.mid)).T).ravel())
    size = np.linalg.norm(a.mid, axis=1)[:, None] * np.linalg.norm(b.mid, axis=1)
    assert np.all(product.rad <= 2.0**-53 * (np.abs(product.mid) + 0.1 * size) + 2.0**-999)


@pytest.mark.parametrize(("tiny", "huge"), [(1e-306, 1e280), (2.0**-899, 2.0**899)])
def test_products_of_tiny_and_huge_numbers(tiny, huge):
    a, b = Ball(RNG.normal(size=(4, 50)) * tiny), Ball(RNG.normal(size=(3, 50)) * huge)
    holds(a @ b.T, (np.array(exact(a.mid)) @ np.array(exact(b.mid)).T).ravel())


def test_cancellation_is_seen():
    a = Ball(np.array([[1e16, 1.0, -1e16]]))
    holds(a @ Ball(np.ones((3, 1))), [Fraction(1)])
    product = a @ Ball(np.ones((3, 1)), 1e-30)
    holds(product, [Fraction(1)])
    assert product.rad[0, 0] >= 1.0


def test_stacks_of_products():
    (a, x), (b, y) = random_ball((3, 4, 5), 1e-3), random_ball((3, 5, 2), 1e-3)
    for i, ball in enumerate(range(3)):
        holds((a @ b)[ball], (x[i] @ y[i]).ravel())


def test_functions_contain_the_exact_values():
    ball, _ = random_ball((200,), 1e-9)
    ball = ball * Ball(1.0 / np.abs(ball.mid) ** 0.5)
    found = ball.map(arb.tanh)
    with mpmath.workdps(60):
        for m, r, low, high in zip(
            found.mid, found.rad, ball.mid - ball.rad, ball.mid + ball.rad, strict=True
        ):
            for x in (low, high):
                assert abs(mpmath.tanh(mpmath.mpf(float(x))) - mpmath.mpf(float(m))) <= r
    assert np.all(found.rad <= 1e-6)


def test_norms_are_upper_bounds_and_close():
    for scale in (1e-200, 1.0, 1e200):
        x = np.abs(RNG.normal(size=(7, 9))) * scale
        bound = float(norm(x))
        with mpmath.workdps(60):
            value = mpmath.sqrt(mpmath.fsum(mpmath.mpf(float(v)) ** 2 for v in x.ravel()))
            assert value <= bound <= value * (1 + mpmath.mpf("1e-13"))
    assert float(norm(np.zeros((2, 3)))) == 0.0


def test_rounding_up_covers_the_worst_sum():
    # The order that numpy sums in loses nearly n u here.
    x = np.full(1000, 0.1)
    total = 0.0
    for value in x:
        total += value
    assert Fraction(float(up(total, 1000))) >= 1000 * Fraction(0.1)


def test_floats_on_both_sides_of_a_number():
    for value in (arb(1) / 3, arb(-1) / 3, arb(2).sqrt(), arb("1e-320"), arb(0)):
        assert arb(float_down(value)) <= value <= arb(float_up(value))


def test_overflow_is_undecided():
    with (
        pytest.raises(UndecidedError, match="outside the range of float64"),
        np.errstate(over="ignore"),
    ):
        Ball(np.full(2, 1e200)) * Ball(np.full(2, 1e200))
