"""The three theorems with explicit constants: valid where they apply, and as loose as proved."""

import dataclasses

import numpy as np
import pytest

import surefit as sf
from surefit.core.check import Evidence
from surefit.testing.theorem import plain_run
from surefit.theory import THEOREMS, Setting, compare

BALL = ("oymak_soltanolkotabi_2019", "liu_zhu_belkin_2020", "bartlett_montanari_rakhlin_2021")
NETWORKS = {
    "hidden": sf.models.two_layer(32, sf.Tanh(), antisymmetric=True),
    "both": sf.models.shallow(32, 1, sf.Gelu()),
}


def sphere(n, d, seed):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True), draw.standard_normal(n)


def condition(theorem, setting):
    (check,) = (c for c in theorem.assumptions(setting) if "||r_0||" in c.name)
    return check


def covered(theorem, network, seed, fill=0.7, step_size=None):
    """Random data with targets scaled so that the condition is met to a share `fill`."""
    x, y = sphere(4, 5, seed)
    params = sf.Problem(network, x, y).init(seed)

    def scaled(factor):
        return Setting(sf.Problem(network, x, factor * y), params, 1.0, theorem.dynamics)

    factor = 1e-3 * fill / condition(theorem, scaled(1e-3)).value
    setting = scaled(factor)
    step = step_size or theorem.predict(setting).step_size or 1.0
    return dataclasses.replace(setting, step_size=step)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", BALL)
def test_no_promise_is_broken_at_the_largest_step(name, network, seed):
    theorem = THEOREMS[name]()
    setting = covered(theorem, NETWORKS[network], seed)
    prediction = theorem.predict(setting)
    assert prediction.applies is True
    assert 0.5 < condition(theorem, setting).value < 1.0
    outcome = compare(prediction, plain_run(setting, 150))
    assert len(outcome) == 4 and all(check.holds for check in outcome), [
        (str(check), check.note) for check in outcome
    ]


def random_features(seed=0):
    """A model that is linear in its trained parameters: no curvature at all."""
    network = sf.Serial(
        sf.Dense(64, parameterisation="unscaled", trained=False), sf.Tanh(), sf.Dense(1)
    )
    x, y = sphere(3, 4, seed)
    problem = sf.Problem(network, x, y)
    params = problem.init(seed)
    # The slowest direction of the residual shows how loose the bounds are.
    slowest = np.linalg.eigh(np.asarray(problem.gram(params)))[1][:, :1]
    return sf.Problem(network, x, np.asarray(problem.predict(params)) - slowest), params


@pytest.mark.parametrize(
    ("name", "slower", "farther"),
    [
        # Exponent of ||r||^2: 2 sigma^2 in truth; distance travelled: ||r_0|| / sigma.
        ("oymak_soltanolkotabi_2019", 4.0, 4.0),
        ("bartlett_montanari_rakhlin_2021", 4.0, 2.0),
        ("liu_zhu_belkin_2020", 4.5, None),
    ],
)
def test_the_bounds_are_as_loose_as_their_constants_say(name, slower, farther):
    theorem = THEOREMS[name]()
    problem, params = random_features()
    setting = Setting(problem, params, 1e-4, theorem.dynamics)
    prediction = theorem.predict(setting)
    assert prediction.applies is True
    sigma = setting.sigma_min.value
    (curve,) = (p.bound for p in prediction.promises if p.monitor == "squared_residual")
    unit = 1.0 if theorem.dynamics == "gradient_flow" else 1e-4
    exponent = -np.log(curve.factors[0]) / unit
    assert exponent * slower == pytest.approx(2.0 * sigma**2, rel=1e-3)
    if farther is None:
        steepest = setting.sigma_max.value + sigma / 3.0
        farther = 2.0 * steepest / (sigma * (2.0 / 3.0) ** 2)
    assert prediction.radius == pytest.approx(farther / sigma, rel=1e-6)


def test_without_curvature_the_measured_rate_and_distance_are_the_true_ones():
    problem, params = random_features()
    setting = Setting(problem, params, 0.2 / Setting(problem, params, 1.0).sigma_max.value ** 2)
    sigma, steps = setting.sigma_min.value, 2000
    run = plain_run(setting, steps, every=steps)
    shrink = (1.0 - setting.step_size * sigma**2) ** (2 * steps)
    assert run["squared_residual"].last == pytest.approx(shrink, rel=1e-6)
    # A residual along one singular direction moves the parameters straight.
    assert run["distance"].last == pytest.approx((1.0 - np.sqrt(shrink)) / sigma, rel=1e-9)
    assert run["path_length"].last == pytest.approx(run["distance"].last, rel=1e-9)


def test_the_ball_of_the_shortest_path_theorem_is_consistent():
    theorem = THEOREMS["oymak_soltanolkotabi_2019"]()
    for fill in (0.3, 0.7):
        setting = covered(theorem, NETWORKS["both"], 0, fill)
        sigma, residual = setting.sigma_min.value, setting.residual_norm.value
        alpha = next(
            p.bound for p in theorem.predict(setting).promises if p.monitor == "gram_smallest"
        )
        alpha = np.sqrt(alpha)
        radius = 4.0 * residual / alpha
        lipschitz = setting.lipschitz(8.0 * residual / sigma * (1.0 + 1e-9)).value
        # alpha solves alpha = sigma - L R, so that J stays alpha-onto on the ball.
        assert alpha == pytest.approx(sigma - lipschitz * radius, rel=1e-5)
        beta = setting.sigma_max.value + lipschitz * radius
        assert theorem.predict(setting).step_size == pytest.approx(0.5 / beta**2, rel=1e-5)


def test_the_choice_of_mu_asks_least():
    sigma, lipschitz = 0.7, 1.3
    radius = np.linspace(0.0, sigma / lipschitz, 100_001)
    admissible = radius * (sigma - lipschitz * radius) ** 2  # must reach 2 L_F ||r_0||
    best = radius[np.argmax(admissible)]
    assert lipschitz * best == pytest.approx(sigma / 3.0, rel=1e-4)
    steepest = 5.0
    residual = admissible.max() / (2.0 * steepest)
    assert 27.0 * lipschitz * steepest * residual / (2.0 * sigma**3) == pytest.approx(1.0, rel=1e-6)


def test_a_flow_theorem_says_that_a_run_of_descent_is_not_covered():
    theorem = THEOREMS["bartlett_montanari_rakhlin_2021"]()
    flow = covered(theorem, NETWORKS["hidden"], 0)
    descent = dataclasses.replace(flow, dynamics="gradient_descent", step_size=0.01)
    prediction = theorem.predict(descent)
    assert prediction.applies is False
    assert [check.name for check in prediction.failing] == ["dynamics: gradient flow"]
    assert prediction.rate == theorem.predict(flow).rate
    (drawn,) = (p.bound for p in prediction.promises if p.monitor == "squared_residual")
    # 100 steps of 0.01 are one unit of time.
    assert drawn.factors[0] ** 100 == pytest.approx(np.exp(-prediction.rate), rel=1e-9)


def test_too_few_parameters_and_too_large_steps_are_found():
    theorem = THEOREMS["oymak_soltanolkotabi_2019"]()
    x, y = sphere(7, 2, 0)
    problem = sf.Problem(sf.models.shallow(2, 1, sf.Tanh()), x, y)
    prediction = theorem.predict(Setting(problem, problem.init(0), 0.1))
    assert prediction.applies is False and not prediction.promises
    assert any("p >= n k" in check.name for check in prediction.failing)
    good = covered(theorem, NETWORKS["hidden"], 0)
    large = dataclasses.replace(good, step_size=1.01 * good.step_size)
    assert [check.name for check in theorem.predict(large).failing] == ["step size"]


@pytest.mark.parametrize(("parameterisation", "law"), [("ntk", 0.5), ("standard", 1.0)])
def test_widths_are_extrapolated_by_the_measured_law(parameterisation, law):
    theorem = THEOREMS["bartlett_montanari_rakhlin_2021"]()
    x, y = sphere(4, 5, 0)

    def ratio(width, seed):
        network = sf.models.shallow(width, 1, sf.Tanh(), 1.0, parameterisation)
        problem = sf.Problem(network, x, y)
        setting = Setting(problem, problem.init(seed), 1.0, "gradient_flow")
        check = condition(theorem, setting)
        assert theorem.required_width(setting) == pytest.approx(
            max(1.0, width * check.value ** (1.0 / law))
        )
        assert check.evidence is Evidence.FLOAT
        return check.value

    found = [np.log(ratio(512, s) / ratio(8192, s)) / np.log(16.0) for s in range(3)]
    assert np.mean(found) == pytest.approx(law, abs=0.12)


def test_no_width_is_extrapolated_where_no_law_is_known():
    theorem = THEOREMS["liu_zhu_belkin_2020"]()
    x, y = sphere(4, 5, 0)
    for network in (
        sf.models.shallow(32, 1, sf.Tanh(), 1.0, "mean_field"),
        sf.models.two_layer(32),
        sf.models.multilayer(16, 2),
    ):
        problem = sf.Problem(network, x, y)
        assert theorem.required_width(Setting(problem, problem.init(0), 0.1)) is None
