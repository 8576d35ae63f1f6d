from fractions import Fraction

import numpy as np
import pytest

from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum import product_residual_bound
from surefit.core.spectrum import residual as module


def exact_residual(c, a, b):
    """||C - AB||_F in rational arithmetic, rounded once at the end."""
    total = Fraction(0)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            entry = Fraction(float(c[i, j]))
            entry -= sum(
                Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a[i], b[:, j], strict=True)
            )
            total += entry**2
    return float(total) ** 0.5


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (12, 40, 12), (2, 300, 3)])
@pytest.mark.parametrize("graded", [False, True])
def test_the_bound_is_valid_and_tight_for_a_rounded_product(shape, graded):
    m, p, k = shape
    rng = np.random.default_rng(p)
    a, b = rng.standard_normal((m, p)), rng.standard_normal((p, k))
    if graded:  # entries over twelve orders of magnitude within each row and column
        a, b = a * 10.0 ** rng.uniform(-12, 0, a.shape), b * 10.0 ** rng.uniform(-12, 0, b.shape)
    c = a @ b
    true, bound = exact_residual(c, a, b), product_residual_bound(c, a, b)
    assert true <= bound
    # What it adds is far below one rounding of the product.
    assert bound <= true + 1e-3 * UNIT_ROUNDOFF * np.linalg.norm(a) * np.linalg.norm(b)


def test_it_sees_a_residual_far_below_the_error_bound_of_one_product():
    # The a-priori bound of a single product is p u ||A|| ||B||, here far above the residual.
    rng = np.random.default_rng(0)
    n = 32
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    true = exact_residual(np.eye(n), q.T, q)
    bound = product_residual_bound(np.eye(n), q.T.copy(), q)
    assert true <= bound <= 1.001 * true + 1e-3 * UNIT_ROUNDOFF * n
    assert bound < 0.05 * n * UNIT_ROUNDOFF * n


def test_blocks_of_rows_add_up(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((23, 11)), rng.standard_normal((11, 7))
    c = a @ b + 1e-3 * rng.standard_normal((23, 7))
    whole = product_residual_bound(c, a, b)
    monkeypatch.setattr(module, "_BLOCK", 4)
    assert np.isclose(product_residual_bound(c, a, b), whole, rtol=1e-12)
    assert np.isclose(whole, np.linalg.norm(c - a @ b), rtol=1e-9)


def test_zero_rows_and_exact_products():
    a = np.array([[0.0, 0.0], [1.0, 2.0]])
    b = np.array([[3.0], [4.0]])
    assert product_residual_bound(a @ b, a, b) < 1e-300
    assert product_residual_bound(np.zeros((2, 1)), np.zeros((2, 2)), b) < 1e-300
    assert product_residual_bound(np.array([[0.0], [12.0]]), a, b) == pytest.approx(1.0, abs=1e-13)


def test_the_leading_part_multiplies_exactly():
    rng = np.random.default_rng(3)
    a = rng.standard_normal((6, 500)) * 10.0 ** rng.uniform(-3, 3, (6, 1))
    lead = module._leading(a, axis=1)
    assert (np.abs(a - lead) <= 2.0**-20 * np.abs(a).max(axis=1, keepdims=True)).all()
    product = lead @ lead.T
    exact = [
        [
            sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(r, s, strict=True))
            for s in lead
        ]
        for r in lead
    ]
    assert all(Fraction(float(product[i, j])) == exact[i][j] for i in range(6) for j in range(6))


def test_scaling_by_powers_of_two():
    matrix = np.array([[1e300, 3.0], [3.0, -2e300]])
    scaled, exponent = module.power_of_two_scaling(matrix)
    assert 0.5 <= np.abs(scaled).max() < 1.0
    assert np.array_equal(np.ldexp(scaled, exponent)[[0, 1], [0, 1]], matrix[[0, 1], [0, 1]])
    ordinary = np.eye(2)
    assert module.power_of_two_scaling(ordinary)[0] is ordinary
    assert module.power_of_two_scaling(np.zeros((2, 2)))[1] == 0
