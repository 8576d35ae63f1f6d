"""The other certificates on tiny networks: what was proved, against what comes.

As in `test_continued.py`: batches, errors of steps, whole runs from their start, equilibria, and
classes, each continued from the files in float64 and in 256 bits.
"""

import itertools
import math

import numpy as np
import pytest
from continuing import ROWS, STEPS, continued, near, noise
from flint import ctx
from format_network import Balls, Floats

import surefit as sf
from surefit.certificates import certify_classes

OMEGA = 1.0718


def stochastic(name, size):
    return sf.certify(*near(name, size), batch_size=2)


@pytest.mark.parametrize(("name", "size"), [("two layers, tanh", 3e-6), ("two layers, ReLU", 1e-6)])
def test_batches(name, size, field, proved):
    """In the mean over all batches the squared distance to the solutions shrinks as proved.

    The mean over the batches of a step is exact: all six are tried, wherever the run comes by.
    """
    own = proved(stochastic, name, size)
    network, numbers = own.network(field), own.numbers
    statement, n = network.statement, len(network.inputs)
    b = statement["batch_size"]
    lam, rho = numbers["lipschitz"], statement["rho"]
    beta, sigma = numbers["jacobian_norm"] + lam * rho, numbers["sigma_min"] - lam * rho
    far = math.sqrt(statement["growth"]) * OMEGA * numbers["residual_norm"] / sigma
    margin = OMEGA * beta * far / sigma
    assert numbers["failure_probability"] < 0.5  # the statement is not empty
    batches = list(itertools.combinations(range(n), b))
    draws = np.random.default_rng(0).integers(len(batches), size=STEPS)
    wrong, _ = noise(network)
    theta, path, distance = network.start, field.number(0.0), None
    asked = set(
        np.unique(np.geomspace(1, STEPS, 12 if isinstance(field, Floats) else 4).astype(int))
    )
    for k, draw in enumerate(draws):
        r, pull = network.residual(theta)
        steps = [_of_batch(network, r, pull, batch, n / b) for batch in batches]
        assert field.norm(theta - network.start) <= rho - margin  # it has not left
        # Both bounds of the distance to the solutions in the proof.
        if k + 1 in asked:
            distance = _distance(network, theta)
            size = field.norm(r)
            assert sigma * distance <= OMEGA * size + wrong
            assert size <= beta * distance + wrong
            after = [_distance(network, field.settled(theta - step)) ** 2 for step in steps]
            mean = sum(after[1:], after[0]) / len(after)
            shrunk = (1 - field.number(numbers["contraction"])) * distance**2
            assert mean <= shrunk + wrong * distance
        after = field.settled(theta - steps[draw])
        path, theta = path + field.norm(after - theta), after
    # Markov: it would be longer than this with a probability below 0.005.
    assert path <= 200 * field.number(numbers["expected_path"])
    assert field.norm(network.residual(theta)[0]) < 0.9 * field.number(numbers["residual_norm"])


def _of_batch(network, r, pull, batch, scale):
    field = network.field
    chosen = np.zeros((len(network.inputs), 1))
    chosen[list(batch)] = scale
    own = (r.reshape(len(network.inputs), -1) * field.array(chosen)).ravel()
    return network.step * pull(own)


def _distance(network, theta):
    """To the nearest weights of zero loss: each step solves the problem linearised there."""
    field, near = network.field, theta
    for _ in range(8):
        r, jacobian = network.jacobian(near)
        gram = jacobian @ jacobian.T
        weights = field.solve(gram, r + jacobian @ (theta - near))
        near = field.settled(theta - jacobian.T @ weights)
    return field.norm(theta - near)


def floor(name, size):
    return sf.certify(*near(name, size), statement="floor")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("two layers, tanh", 1e-9),
        ("two layers, softplus, from zero", 1e-6),
        pytest.param("residual", 1e-9, marks=pytest.mark.slow),
    ],
)
def test_errors_of_steps(name, size, field, proved):
    """Steps with the largest error that is allowed, each in the direction that hurts most."""
    own = proved(floor, name, size)
    network, numbers = own.network(field), own.numbers
    statement = network.statement
    assert statement["steps"] >= STEPS
    wrong, drift = noise(network)
    factor = 1 - field.number(numbers["contraction"])
    falling, theta = field.number(numbers["residual_norm"]), network.start
    for k in range(STEPS + 1):
        r, pull = network.residual(theta)
        assert field.norm(r) <= falling + numbers["floor"] + wrong
        assert field.norm(theta - network.start) <= numbers["path_length"] + (k + 1) * drift
        uphill = pull(r)
        error = (statement["error"] / field.norm(uphill)) * uphill
        theta = field.settled(theta - network.step * uphill + error)
        falling = falling * factor
    # The errors are felt: exact descent would be lower.
    exact = list(continued(network, network.start))[-1][1]
    assert exact < 0.9 * field.norm(network.residual(theta)[0])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("two layers, tanh", 1e-6),
        ("two layers, softplus, from zero", 1e-6),
        ("two layers, ReLU", 1e-9),
        ("fully connected, tanh", 1e-8),
        ("residual", 1e-9),
    ],
)
def test_steps_in_float64_are_off_by_no_more(name, size, proved):
    """Every step of a float64 run is compared with the exact one from the same weights."""
    own = proved(floor, name, size)
    computed = own.network(Floats())
    error, largest = computed.statement["error"], 0.0
    with ctx.workprec(256):
        exact = own.network(Balls())
        for k, r, *_, theta in continued(computed, computed.start):
            falls = own.numbers["residual_norm"] * (1 - own.numbers["contraction"]) ** k
            assert r <= falls + own.numbers["floor"]
            if k % 20:
                continue
            here = exact.field.array(theta)
            step = exact.advanced(here, exact.step, *exact.residual(here))
            after = computed.advanced(theta, computed.step, *computed.residual(theta))
            largest = max(largest, float(exact.field.norm(step - exact.field.array(after))))
    assert largest <= error
    assert largest > 1e-5 * error


def shadowed():
    network = sf.Serial(sf.Dense(16, 2.0, parameterisation="unscaled"), sf.Tanh(), sf.Dense(1))
    problem = sf.Problem(network, ROWS, np.array([1.0, -1.0, -1.0, 1.0]))
    return sf.shadow(problem, problem.init(0))


def test_a_run_from_its_start_and_on(field, proved):
    own = proved(shadowed)
    network, numbers = own.network(field), own.numbers
    steps, wrong, drift = network.statement["steps"], *noise(network)
    factor = 1 - network.step * field.number(numbers["rate"])
    assert 10 < steps < 5000
    other = own.network(Floats())
    *_, (*_, computed) = continued(other, other.start, steps)
    last, before = None, None
    for k, r, _, path, theta in continued(network, network.start, steps + STEPS):
        if k < steps:
            continue
        if k == steps:
            # Twice: this run in float64 need not be the checker's, only as near.
            away = field.norm(theta - field.array(computed))
            assert away <= 2 * numbers["shadow_radius"]
            slack = numbers["jacobian_norm"] * 1.01 * numbers["shadow_radius"]
            assert r <= numbers["residual_norm"] + slack
            before = path
        else:
            assert r <= last * factor + wrong
            assert path - before <= numbers["path_length"] + (k + 1) * drift
        last = r
    assert network.statement["rho"] >= numbers["path_length"]


def at_the_start():
    net = sf.Serial(
        sf.Dense(48, 8.0, parameterisation="unscaled"),
        sf.Tanh(),
        sf.Dense(1, parameterisation="standard"),
    )
    problem = sf.Problem(sf.Centred(net), ROWS, np.array([1.0, -1.0, -1.0, 1.0]))
    return sf.certify_at_start(problem, problem.init(0))


def test_a_run_from_initial_weights(field, proved):
    own = proved(at_the_start)
    network, numbers = own.network(field), own.numbers
    wrong, drift = noise(network)
    factor = 1 - network.step * field.number(numbers["rate"])
    bound = field.number(numbers["jacobian_norm"]) * 1.01 * numbers["linear_path_length"]
    hidden = own.arrays[network.trained[0]].shape
    for k, r, _, path, theta in continued(network, network.start):
        assert r <= bound + wrong
        assert path <= numbers["path_length"] + (k + 1) * drift
        bound = bound * factor
        if k % 100 == 0 or k < 10:
            moved = theta - network.start
            rows = moved[: math.prod(hidden)].reshape(hidden)
            out = moved[math.prod(hidden) :]
            for row, own_output in zip(rows, out, strict=True):
                assert field.norm(row) <= numbers["hidden_movement"] + (k + 1) * drift
                assert abs(own_output) <= numbers["output_movement"] + (k + 1) * drift
    assert path > 0.2 * field.number(numbers["path_length"])


def equilibria(name):
    return sf.certify(*near(name, 1e-6), statement="equilibria")


@pytest.mark.parametrize("name", ["implicit, tanh", "implicit, ReLU"])
def test_equilibria(name, field, proved):
    """On the sphere of weights, for new inputs: states from anywhere meet, as fast as proved."""
    own = proved(equilibria, name)
    network, rng = own.network(field), np.random.default_rng(0)
    modulus = field.number(own.numbers["modulus"])
    layer = next(one for one in network.layers if hasattr(one, "state"))
    assert own.numbers["modulus"] < 1
    for trial in range(4):
        w = own.arrays[layer.spec["weights"]]
        away = rng.normal(size=w.shape)
        if trial == 0:  # the direction in which the norm grows most
            left, _, right = np.linalg.svd(w)
            away = np.outer(left[:, 0], right[0])
        radius = network.statement["rho"] * (1 - 1e-12)
        a = field.array(w + radius * away / np.linalg.norm(away))
        h = field.array(rng.normal(size=len(w)) * 10.0 ** rng.uniform(-2, 2))
        one, two = (field.array(rng.normal(size=len(w)) * 10.0**p) for p in (-1, 3))
        steps = STEPS if isinstance(field, Floats) else 300
        for _ in range(steps):
            apart = field.norm(one - two)
            one, two = (
                field.settled(layer.applied(state[None], a, h[None], field)[0][0])
                for state in (one, two)
            )
            slack = 1e-15 * float(field.norm(one)) if isinstance(field, Floats) else field.tiny
            assert field.norm(one - two) <= modulus * apart + 20 * slack
        assert field.norm(one - two) < 1e-6 * (1 + field.norm(one))


def classified():
    """Labels that the outputs have, scaled until the sum of the losses is about 0.4."""
    network = sf.Serial(sf.Dense(8, 2.0), sf.Relu(), sf.Dense(3, 4.0))
    blank = sf.Problem(network, ROWS, np.eye(3)[[0, 1, 2, 0]], sf.CrossEntropy())
    first, between, last = blank.init(1)
    outputs = np.asarray(blank.predict((first, between, last)))
    labels = np.eye(3)[np.argmax(outputs, 1)]

    def loss(scale):
        return np.sum(np.log(np.sum(np.exp(scale * outputs), 1)) - scale * np.max(outputs, 1))

    scale = next(c for c in 1.1 ** np.arange(100) if loss(c) < 0.4)
    problem = sf.Problem(network, ROWS, labels, sf.CrossEntropy())
    return certify_classes(problem, (first, between, {"w": scale * last["w"]}))[0]


def test_classes(field, proved):
    """Flow on cross-entropy: the loss stays below its bound, and all samples stay right."""
    own = proved(classified)
    network, numbers = own.network(field), own.numbers
    assert network.statement["kind"] == "homogeneous"
    margin = field.number(numbers["smoothed_margin"])
    gain = 2**2 * margin**2 * network.scale / field.number(numbers["weight_norm"]) ** 2
    growth = field.of("exp", field.array(np.array([margin])))[0]
    own_class = network.targets
    theta, time = network.start, 0.05 / float(network.field.norm(network.start)) ** 2
    last = None
    for k in range(STEPS + 1 if isinstance(field, Floats) else STEPS // 4):
        outputs, pull = network(theta)
        e = field.of("exp", outputs)
        share = e / np.sum(e, axis=1)[:, None]
        losses = -field.of("log", np.sum(share * own_class, axis=1))
        loss = np.sum(losses)
        assert loss <= numbers["loss_sum"] + 1e-14
        assert loss <= 2 / (margin + growth + gain * (time * k))
        assert all(np.sum(p * y) > 0.5 for p, y in zip(share, own_class, strict=True))
        assert last is None or loss < last
        # Euler's steps, so short that the loss falls as along flow but for a second order.
        theta, last = field.settled(theta - (network.scale * time) * pull(share - own_class)), loss
    assert loss < 0.9 * numbers["loss_sum"]
