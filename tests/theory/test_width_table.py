"""The widths that results ask for: formulas by hand, hidden constants, binding conditions, gaps."""

import functools
import math

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.theory import THEOREMS, Setting
from surefit.theory.growth import with_log
from surefit.theory.width_rows import CONSTANTS
from surefit.theory.width_table import width_table

N, D = 9, 5


def inputs(seed=0):
    x = np.random.default_rng(seed).standard_normal((N, D))
    return x / np.linalg.norm(x, axis=1)[:, None]


def setting(network=None, x=None, outputs=1, dynamics="gradient_descent", **options):
    x = inputs() if x is None else x
    network = network or sf.models.shallow_family(64, D, outputs, init="song")
    y = np.random.default_rng(1).standard_normal((len(x), outputs))
    problem = sf.Problem(network, x, y / np.linalg.norm(y))
    return Setting(problem, problem.init(0), 0.01, dynamics, **options)


@functools.cache
def default():
    return setting()


@pytest.fixture(scope="module")
def table():
    return width_table(default())


def separation(x):
    return min(np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i])


def test_rows_are_their_formulas(table):
    x = inputs()
    delta = separation(x)
    products = np.clip(x @ x.T, -1, 1)
    limit = products * (np.pi - np.arccos(products)) / (2 * np.pi)
    smallest = np.linalg.eigvalsh(limit)[0]
    expected = {
        "oymak_soltanolkotabi_2020": N**2 / D,
        "kawaguchi_huang_2019": N,
        "song_yang_2019": N**2,
        "du_2018": N**6 / (smallest**4 * 0.1**3),
        "zou_gu_2019": N**8 / delta**4,
        "song_2021_order": max(N, N**1.5 / D),
        "song_2021_sgd": max(N, N**2 / (math.sqrt(N) * D)),
    }
    for name, width in expected.items():
        assert table[name].width == pytest.approx(width, rel=1e-6), name
    # Allen-Zhu: the width stands on both sides.
    m = table["allen_zhu_2019"].width
    scale = N**24 / (delta / math.sqrt(2)) ** 8
    assert m == pytest.approx(scale * math.log(m) ** 5, rel=1e-9)


def test_the_row_of_du_is_that_of_the_theorem():
    x = inputs()
    asked = setting(sf.models.two_layer(32), x)
    assert width_table(asked)["du_2018"].width == pytest.approx(
        THEOREMS["du_2018"]().required_width(asked), rel=1e-9
    )


def test_depth_and_outputs_enter_the_deep_results(table):
    deep = width_table(setting(sf.models.multilayer(8, 3, 2), outputs=2))
    assert deep["zou_gu_2019"].width == pytest.approx(
        2 * 3**12 * table["zou_gu_2019"].width, rel=1e-9
    )
    assert deep["allen_zhu_2019"].width > 2 * 3**12 * table["allen_zhu_2019"].width
    # The shallow results are silent about it and say why.
    assert deep["song_2021"].width is None and "V phi(W x)" in deep["song_2021"].note
    assert deep.sufficient is None and deep.gap(deep["du_2018"]) is None
    assert deep.check(deep["song_2021"]).holds is None


def test_nothing_that_rests_on_a_hidden_constant_is_decided(table):
    for row in table.rows:
        check = table.check(row)
        assert set(row.unstated) <= set(CONSTANTS)
        assert (check.holds is None) is bool(row.unstated), row.result
    assert {row.result for row in table.rows if not row.unstated} == {
        "song_2021_explicit",
        "song_2021_short_path",
        "song_2021_sharp",
    }
    assert all(table[name].evidence == "sampled" for name in ("song_2021_sharp",))


def test_constants_can_be_chosen_and_each_moves_its_rows(table):
    names = {
        "oymak_soltanolkotabi": "oymak_soltanolkotabi_2020",
        "kawaguchi_huang": "kawaguchi_huang_2019",
        "song_yang": "song_yang_2019",
        "du": "du_2018",
        "zou_gu": "zou_gu_2019",
    }
    doubled = width_table(default(), dict.fromkeys(CONSTANTS, 2.0))
    for name in names.values():
        assert doubled[name].width == pytest.approx(2 * table[name].width, rel=1e-12)
    assert doubled["allen_zhu_2019"].width > 2 * table["allen_zhu_2019"].width
    for name in ("song_2021_sharp", "song_2021_explicit"):
        assert doubled[name].width == table[name].width


def test_the_binding_condition_is_named():
    row = width_table(default())["song_2021"]
    assert {item.formula for item in row.requirements} == {
        "n",
        "c n log(n) / lambda_min(K)",
        "xi sigma_max(X)^2 sqrt(n) / sigma_min(X^{*t})^3",
    }
    assert row.width == max(item.width for item in row.requirements)
    least = width_table(default(), {"xi": 1e-9, "chernoff": 1e-9})["song_2021"]
    assert least.binding.formula == "n" and least.width == N
    twenty = width_table(default(), {"xi": 1e9})["song_2021"]
    assert twenty.binding.formula.startswith("xi sigma_max")
    chernoff = width_table(default(), {"chernoff": 1e9})["song_2021"]
    assert chernoff.binding.formula.startswith("c n log(n)")


def test_what_suffices_follows_the_dynamics_and_gaps_are_ratios(table):
    assert table.sufficient.result == "song_2021_short_path"
    flow = width_table(setting(dynamics="gradient_flow"))
    assert flow.sufficient.result == "song_2021_sharp"
    assert flow.sufficient.width < table.sufficient.width
    for row in table.rows:
        assert table.gap(row) == pytest.approx(row.width / table.sufficient.width)
    assert table.gap(table["allen_zhu_2019"]) > 1e20
    widths = [row.width for row in table.rows]
    assert widths == sorted(widths) and table.width == 64.0


def test_batches_and_samples():
    one = width_table(setting(dynamics="sgd", batch_size=1))["song_2021_sgd"]
    assert one.width == pytest.approx(N**2 / D)
    single = width_table(setting(x=inputs()[:1]))
    assert single["zou_gu_2019"].width == 0.0  # no pair, no separation to resolve


def test_data_on_which_no_width_suffices():
    x = inputs()
    x[1] = x[0]
    table = width_table(setting(x=x))
    for name in ("du_2018", "zou_gu_2019", "allen_zhu_2019", "song_2021"):
        assert table[name].width == math.inf, name
    assert math.isfinite(table["song_yang_2019"].width)
    assert table.gap(table["song_yang_2019"]) is None
    x[1] = 0.0
    zero = width_table(setting(x=x))
    assert zero["du_2018"].width == math.inf and zero["song_2021"].width is None
    assert "unit norm" in zero["song_2021"].note


@pytest.mark.parametrize("scale", [1e3, 1e20, 1e200])
def test_the_width_on_both_sides(scale):
    m = with_log(scale, 5)
    assert m == pytest.approx(scale * math.log(m) ** 5, rel=1e-9)
    assert with_log(math.inf, 5) == math.inf and with_log(1e-3, 5) == 1.0


def test_names_and_values_are_checked():
    with pytest.raises(UnknownNameError, match=r"hidden constant must be a known name\. Got 'zi'"):
        width_table(default(), {"zi": 1.0})
    with pytest.raises(InvalidInputError, match=r"`width_table\(constants=...\)` must be positive"):
        width_table(default(), {"xi": 0.0})
    with pytest.raises(UnknownNameError, match="result must be a known name"):
        width_table(default())["du_2017"]
