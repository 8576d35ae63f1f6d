"""What convergence asks for: formulas by hand, what binds, and the gap to what suffices."""

import math

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.theory import THEOREMS, Setting
from surefit.theory.deep.demands import CONSTANTS
from surefit.theory.deep.limit import layer_kernels
from surefit.theory.deep.sizes import deep_sizes
from surefit.theory.requirements import requirements
from surefit.theory.width_table import width_table

N, M, L, D = 5, 64, 3, 2


def inputs(seed=0):
    x = np.random.default_rng(seed).normal(size=(N, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.hstack([x, np.ones((N, 1))]) / np.sqrt(2)


def setting(network=None, x=None, loss=None, **options):
    y = np.random.default_rng(1).uniform(-1, 1, size=(N, D))
    problem = sf.Problem(
        network or sf.models.fully_connected(M, L, D), inputs() if x is None else x, y, loss
    )
    return Setting(problem, problem.init(0), 1e-3, **options)


def delta(x):
    return min(np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i])


@pytest.fixture(scope="module")
def found():
    return requirements(setting(batch_size=2), 1e-3)


def test_widths_by_hand(found):
    gap = delta(inputs())
    width = found["allen_zhu_2019"].row.width
    expected = N**24 * L**12 * D * math.log(width) ** 5 / gap**8
    assert width == pytest.approx(expected, rel=1e-9)
    assert width == pytest.approx(THEOREMS["allen_zhu_2019"]().required_width(setting()), rel=1e-9)
    stochastic = THEOREMS["allen_zhu_2019_sgd"]().required_width(setting(batch_size=2))
    assert found["allen_zhu_2019_sgd"].row.width == pytest.approx(stochastic, rel=1e-9)
    # The inputs have norm 1 as they are.
    zou_gu = D * N**8 * L**12 / gap**4
    assert found["zou_gu_2019"].row.width == pytest.approx(zou_gu, rel=1e-9)
    lam = np.linalg.eigvalsh(layer_kernels(inputs(), L).layers[-1])[0]
    assert found["du_2019"].row.width == pytest.approx(2**L * N**4 / lam**4, rel=1e-6)
    assert found["nguyen_2021"].row.width == N**3


def test_conditions_follow_from_the_radii(found):
    """Every width is the one at which the radius reaches what its condition allows."""
    gap = delta(inputs())

    def radius(m, name):
        if name == "allen_zhu_2019_short_path":
            return N**1.5 * math.sqrt(D) * math.log(m) / math.sqrt(gap * m)
        return N**3 * math.sqrt(D) * math.log(m) / (gap * math.sqrt(m))

    def allowed(m, kind, name):
        log = math.log(m)
        if kind == "gradient bounds":
            return gap**1.5 / (N**4.5 * L**6 * log**3)
        if kind == "semi-smoothness":
            return 1 / (L**4.5 * log**3)
        if name == "allen_zhu_2019":
            return (gap / (N**3 * L**2 * math.sqrt(log))) ** 3
        return (math.sqrt(gap) / (N**1.5 * L**2 * math.sqrt(log))) ** 3

    for name in ("allen_zhu_2019", "allen_zhu_2019_cancelled", "allen_zhu_2019_short_path"):
        for need in found[name].row.requirements:
            kind = need.formula.partition(":")[0]
            if kind in ("first-order error", "gradient bounds", "semi-smoothness"):
                m = need.width
                assert radius(m, name) == pytest.approx(allowed(m, kind, name), rel=1e-9), need


def test_what_binds_is_named(found):
    assert found["allen_zhu_2019"].row.binding.formula.startswith("first-order error: n^24")
    # With the first-order error out of the way the region of the gradient bounds binds.
    assert found["allen_zhu_2019_cancelled"].row.binding.formula.startswith("gradient bounds")
    widths = [found[f"allen_zhu_2019{end}"].row.width for end in ("", "_cancelled", "_short_path")]
    assert widths[0] > widths[1] > widths[2]


def test_steps_and_iterations_belong_together(found):
    """Iterations are log(F_0/target) over the rate at that step."""
    gap, start = delta(inputs()), setting()
    log = math.log(float(start.problem.objective(start.params)) / 1e-3)
    for name in ("allen_zhu_2019", "allen_zhu_2019_short_path", "allen_zhu_2019_sgd"):
        demand = found[name]
        rate = demand.half_step * gap * M / (D * N**2)
        assert demand.iterations == pytest.approx(log / rate, rel=1e-9), name
    du = found["du_2019"]
    lam = np.linalg.eigvalsh(layer_kernels(inputs(), L).layers[-1])[0]
    assert du.iterations == pytest.approx(2 * log / (du.half_step * lam), rel=1e-6)


def test_practice_is_predicted_by_the_kernel_and_measured_along_a_run(found):
    asked = setting(sf.models.fully_connected(512, L, D))
    predicted = requirements(asked, 1e-3).practice
    assert not predicted.measured
    method = sf.GradientDescent(predicted.half_step)
    _, run = sf.train(asked.problem, asked.params, method, steps=int(3 * predicted.iterations),
                      monitors=[], every=1, target_loss=1e-3)  # fmt: skip
    measured = requirements(asked, 1e-3, run=run).practice
    assert measured.measured and measured.half_step == pytest.approx(predicted.half_step)
    reached = run["loss"].times[np.asarray(run["loss"].values) <= 1e-3][0]
    assert measured.iterations == reached
    # The kernel moves at this width: the linear prediction gives the order of magnitude.
    assert predicted.iterations / 3 <= measured.iterations <= 3 * predicted.iterations
    assert requirements(asked, 1e-12, run=run).practice.iterations == math.inf


def test_the_iterations_of_the_kernel_by_brute_force():
    asked = setting()
    found = requirements(asked, 0.05)
    gram = np.asarray(asked.problem.gram(asked.params))
    r = np.asarray(asked.residual)
    steps = 0
    while 0.5 * r @ r > 0.05:
        r = r - found.practice.half_step * (gram @ r)
        steps += 1
    assert abs(found.practice.iterations - steps) <= 1
    assert requirements(asked, 1e9).practice.iterations == 0


def test_gaps(found):
    gaps = found.gaps(found["allen_zhu_2019"])
    assert gaps["width"] == pytest.approx(found["allen_zhu_2019"].row.width / M)
    ratio = found.practice.half_step / found["allen_zhu_2019"].half_step
    assert gaps["step"] == pytest.approx(ratio) and ratio > 1
    assert gaps["iterations"] > 1
    assert found.gaps(found["nguyen_2021"])["step"] is None


def test_the_target_and_the_scale_of_the_loss(found):
    twice = requirements(setting(loss=sf.SumSquared(), batch_size=2), 2e-3)
    for one, other in zip(found.demands, twice.demands, strict=True):
        assert other.half_step == one.half_step and other.iterations == one.iterations
    assert twice.practice == found.practice


def test_constants_multiply_widths(found):
    doubled = requirements(setting(batch_size=2), 1e-3, dict.fromkeys(CONSTANTS, 2.0))
    assert doubled["zou_gu_2019"].row.width == pytest.approx(2 * found["zou_gu_2019"].row.width)
    # 2^(cL) with c = 2, and its factor.
    assert doubled["du_2019"].row.width == pytest.approx(2 ** (L + 1) * found["du_2019"].row.width)
    assert doubled["allen_zhu_2019"].row.width > 2 * found["allen_zhu_2019"].row.width


def test_nothing_unconfirmed_is_shown_as_confirmed(found):
    for demand in found.demands:
        assert demand.row.unstated and demand.row.check(1e300).holds is None
        confirmed = demand.row.result in ("allen_zhu_2019", "zou_gu_2019")
        assert ("unconfirmed" in str(demand.row.provenance)) is not confirmed
        if confirmed:
            assert "unconfirmed" in demand.row.note


def test_the_width_table_has_the_rows(found):
    table = width_table(setting(batch_size=2))
    for demand in found.demands:
        assert table[demand.row.result].width == pytest.approx(demand.row.width, rel=1e-9)


def test_sizes():
    sizes = deep_sizes(setting())
    assert (sizes.samples, sizes.depth, sizes.outputs, sizes.width) == (N, L, D, M)
    assert sizes.delta == sizes.phi == pytest.approx(delta(inputs()), rel=1e-12)
    plain = np.random.default_rng(0).normal(size=(N, 4))
    other = deep_sizes(setting(sf.models.multilayer(8, 2, D), plain))
    assert other.depth == 2 and other.delta == pytest.approx(other.phi / math.sqrt(2))


def test_the_gap_of_the_theory():
    """Section 1.9: n = 50, L = 3, d = 10, delta = 0.15 gives about 1.2e54."""
    assert pytest.approx(1.2e54, rel=0.05) == 50**24 * 3**12 * 10 / 0.15**8


def test_refusals():
    with pytest.raises(InvalidInputError, match=r"`requirements\(target_loss=...\)` must be pos"):
        requirements(setting(), 0.0)
    with pytest.raises(InvalidInputError, match=r"'du_deep': ...}\)` must be positive and finite"):
        requirements(setting(), 1.0, {"du_deep": -1.0})
    with pytest.raises(UnknownNameError, match="hidden constant"):
        requirements(setting(), 1.0, {"du": 1.0})
    with pytest.raises(InvalidInputError, match="multiple of the squared loss"):
        requirements(setting(loss=sf.Huber()), 1.0)
    with pytest.raises(UnknownNameError, match="result must be a known name"):
        requirements(setting(), 1.0)["du_2018"]
