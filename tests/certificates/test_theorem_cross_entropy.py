r"""Cross-entropy (docs/certificates/cross-entropy.md): margins, and losses below ln 2."""

import itertools
import math

import numpy as np
import pytest

LN2 = math.log(2.0)


def margin_of(loss):
    """Q: the margin of a single sample that has the whole loss."""
    return -np.log(np.expm1(loss))


def slope(q):
    """1 / (1 + e^q): minus the derivative of the loss of a sample."""
    return np.exp(-np.logaddexp(0.0, q))


class Networks:
    """T bias-free leaky ReLU networks of `depth` trained layers, n samples, C classes."""

    def __init__(self, rng, trials, depth, n=4, d=3, m=5, classes=3):
        sizes = [d, *[m] * (depth - 1), classes]
        self.weights = [rng.normal(size=(trials, b, a)) for a, b in itertools.pairwise(sizes)]
        self.x = rng.normal(size=(trials, n, d))
        # Labels that the network itself gives, so that small losses are easy to reach.
        self.depth, self.rows = depth, np.arange(n)
        outputs = self.forward(self.weights)[0]
        self.y = np.argmax(outputs, axis=2)

    def forward(self, weights):
        h, states = self.x, []
        for w in weights[:-1]:
            z = np.einsum("tij,tnj->tni", w, h)
            states.append((h, np.where(z > 0, 1.0, 0.1)))
            h = np.where(z > 0, z, 0.1 * z)
        return np.einsum("tij,tnj->tni", weights[-1], h), [*states, (h, None)]

    def margins(self, outputs):
        """q and the weights omega, with those of the label zero."""
        own = np.take_along_axis(outputs, self.y[..., None], axis=2)
        s = own - outputs
        is_label = np.arange(outputs.shape[2]) == self.y[..., None]
        least = np.where(is_label, np.inf, s).min(axis=2)
        e = np.where(is_label, 0.0, np.exp(np.minimum(least[..., None] - s, 0.0)))
        total = e.sum(axis=2)
        return least - np.log(total), e / total[..., None], s

    def loss(self, weights):
        q = self.margins(self.forward(weights)[0])[0]
        return np.sum(np.logaddexp(0.0, -q), axis=1)

    def gradient(self, weights):
        outputs, states = self.forward(weights)
        q, omega, _ = self.margins(outputs)
        e = omega * slope(q)[..., None]  # d loss / d output of the other classes
        is_label = np.arange(outputs.shape[2]) == self.y[..., None]
        g = np.where(is_label, -e.sum(axis=2, keepdims=True), e)
        grads = []
        for position in reversed(range(self.depth)):
            h, _ = states[position]
            grads.append(np.einsum("tni,tnj->tij", g, h))
            if position:
                g = np.einsum("tij,tni->tnj", weights[position], g) * states[position - 1][1]
        return grads[::-1]

    def scaled_to(self, rng, low, high):
        """Scale all weights such that the loss is between the two values; by bisection."""
        target = np.exp(rng.uniform(math.log(low), math.log(high), size=len(self.x)))
        a, b = np.zeros_like(target), np.full_like(target, 500.0 ** (1 / self.depth))
        for _ in range(60):
            middle = (a + b) / 2
            above = self.loss([w * middle[:, None, None] for w in self.weights]) > target
            a, b = np.where(above, middle, a), np.where(above, b, middle)
        self.weights = [w * b[:, None, None] for w in self.weights]
        return self.loss(self.weights)


def inner(a, b):
    return sum(np.einsum("tij,tij->t", p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_inequality_behind_the_theorem(depth):
    rng = np.random.default_rng(depth)
    nets = Networks(rng, 1000, depth)
    loss = nets.scaled_to(rng, 1e-4, 0.69)
    fine = loss < LN2  # some networks reach no small loss by scaling
    assert fine.mean() > 0.9
    q, omega, s = nets.margins(nets.forward(nets.weights)[0])
    assert np.all(np.sum(omega * s, axis=2)[fine] >= q[fine] - 1e-12)
    nu = np.sum(np.sum(omega * s, axis=2) * slope(q), axis=1)
    # Euler: - <theta, gradient> = D nu.
    euler = -inner(nets.weights, nets.gradient(nets.weights))
    np.testing.assert_allclose(euler[fine], depth * nu[fine], rtol=1e-9, atol=1e-14)
    lower = -np.expm1(-loss) * margin_of(np.minimum(loss, 0.6931))
    assert np.all(nu[fine] >= lower[fine] * (1 - 1e-12))
    assert np.all(q[fine] > 0)


def test_the_lower_bound_of_nu_is_attained():
    # Two classes and one sample: nu = q / (1 + e^q), and so is the bound.
    q = np.linspace(0.01, 8, 200)
    loss = np.log1p(np.exp(-q))
    np.testing.assert_allclose(margin_of(loss), q, rtol=1e-9)
    np.testing.assert_allclose(-np.expm1(-loss) * margin_of(loss), q / (1 + np.exp(q)), rtol=1e-9)


def test_both_factors_decrease():
    u = np.linspace(1e-4, LN2 - 1e-6, 20_000)
    assert np.all(np.diff(-np.expm1(-u) / u) < 0)
    assert np.all(np.diff(margin_of(u)) < 0)
    assert np.all(margin_of(u) > 0)


def test_the_gradient():
    rng = np.random.default_rng(9)
    nets = Networks(rng, 3, 3)
    grads, h = nets.gradient(nets.weights), 1e-6
    direction = [rng.normal(size=w.shape) for w in nets.weights]
    ahead = nets.loss([w + h * v for w, v in zip(nets.weights, direction, strict=True)])
    behind = nets.loss([w - h * v for w, v in zip(nets.weights, direction, strict=True)])
    np.testing.assert_allclose(inner(grads, direction), (ahead - behind) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_flow_drives_the_loss_to_zero(depth):
    # Euler steps so short that they follow the flow; leaky ReLU has kinks, crossed on the way.
    rng = np.random.default_rng(20 + depth)
    nets = Networks(rng, 80, depth)
    loss = nets.scaled_to(rng, 0.05, 0.69)
    fine = loss < LN2
    start, q0 = inner(nets.weights, nets.weights), margin_of(np.minimum(loss, 0.6931))
    weights, t = nets.weights, np.zeros(80)
    before = loss
    smoothed = q0 / start ** (depth / 2)
    for _ in range(400):
        grads = nets.gradient(weights)
        size = inner(grads, grads)
        dt = 0.01 * np.minimum(before / size, np.sqrt(inner(weights, weights) / size) / 10)
        weights = [w - dt[:, None, None] * g for w, g in zip(weights, grads, strict=True)]
        t, now = t + dt, nets.loss(weights)
        q = margin_of(np.minimum(now, 0.6931))
        left = q + np.exp(q)
        right = q0 + np.exp(q0) + depth**2 * q0**2 * t / start
        assert np.all(left[fine] >= right[fine] * (1 - 1e-3))
        assert np.all(now[fine] <= 2 / right[fine] * (1 + 1e-3))
        new = q / inner(weights, weights) ** (depth / 2)
        # A kink crossed by an Euler step costs 0.2 % at this step, and in proportion to it.
        assert np.all(new[fine] >= smoothed[fine] * (1 - 5e-3))
        smoothed, before = np.maximum(smoothed, new), now
    assert np.all(before[fine] < loss[fine])


def test_the_rate_is_attained_by_one_parameter():
    # D = 1, one sample, two classes with margin q = theta: dq/dt = 1 / (1 + e^q) exactly.
    q0, dt, steps = 0.3, 1e-4, 50_000
    q = q0
    for _ in range(steps):
        middle = q + dt / 2 / (1 + math.exp(q))
        q += dt / (1 + math.exp(middle))
    # D^2 Q0^2 / |theta0|^2 = 1, and the integral of 1 + e^x from q0 to q is the time.
    np.testing.assert_allclose(q + math.exp(q) - q0 - math.exp(q0), dt * steps, rtol=1e-8)


def test_ln_two_cannot_be_raised():
    # All features dead: loss ln 2 for one sample and two classes, gradient zero.
    x, w, v = np.array([1.0, 2.0]), -np.ones((3, 2)), np.ones((2, 3))
    h = np.maximum(w @ x, 0)
    s = (v @ h)[0] - (v @ h)[1]
    assert math.log1p(math.exp(-s)) == LN2
    e = 1 / (1 + math.exp(s)) * np.array([-1.0, 1.0])
    assert not np.any(np.outer(e, h))
    assert not np.any(v.T @ e * (w @ x > 0))


def test_biases_break_euler():
    # f = theta + 5 is not homogeneous: the loss is below ln 2, yet <theta, gradient> > 0.
    theta, label = -1.0, 1.0
    q = label * (theta + 5.0)
    assert math.log1p(math.exp(-q)) < LN2
    assert -theta * (-1 / (1 + math.exp(q))) < 0


def test_margins_beyond_twice_the_error_decide():
    rng = np.random.default_rng(5)
    exact = rng.normal(size=(20_000, 4))
    eps = 0.05
    computed = exact + rng.uniform(-eps, eps, size=exact.shape)
    ordered = np.sort(computed, axis=1)
    sure = ordered[:, -1] > ordered[:, -2] + 2 * eps
    same = np.argmax(exact, axis=1) == np.argmax(computed, axis=1)
    assert np.all(same[sure])
    assert not np.all(same[~sure])
