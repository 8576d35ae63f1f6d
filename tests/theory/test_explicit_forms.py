"""Which explicit forms hold at a start, whatever the dynamics, and by what factor others fail."""

import numpy as np
import pytest

import surefit as sf
from surefit.core.widths import FormOutcome
from surefit.theory import Setting
from surefit.theory.explicit_forms import explicit_forms

X = np.eye(4)
Y = np.array([1.0, -1.0, 1.0, 1.0]) / 2


def setting(width=512, init="song", dynamics="gradient_descent", **kwargs):
    network = sf.models.shallow_family(width, inputs=4, init=init, **kwargs)
    problem = sf.Problem(network, X, Y)
    return Setting(problem, problem.init(0), 1e-3, dynamics)


def test_forms_are_those_of_the_section_on_explicit_constants():
    where = setting()
    params = where.params
    features = np.asarray(where.problem.network.layers[1](where.problem.x @ params[0]["w"].T))
    mu = np.linalg.svd(features.T, compute_uv=False)[-1]
    h0 = float(np.sum(np.asarray(where.problem.residual(params)) ** 2))
    forms = {form.name: form for form in explicit_forms(where)}
    assert set(forms) == {"song_2021", "song_2021_sharp", "song_2021_short_path"}
    for form in forms.values():
        assert form.initial == pytest.approx(h0, rel=1e-10)
        assert form.excess == pytest.approx(h0 / form.threshold, rel=1e-10)
    sharp, short, paper = (forms[f"song_2021{end}"] for end in ("_sharp", "_short_path", ""))
    # mu^4 / (16 beta^2), mu^4 / (256 beta^2), mu^6 / (576 beta^2 nu^2).
    assert sharp.threshold / short.threshold == pytest.approx(16.0, rel=1e-12)
    top = np.linalg.norm(features, 2)
    slope = where.problem.network.layers[1].lipschitz
    nu = slope * np.linalg.norm(np.asarray(params[2]["w"]), 2) + top
    expected = mu**2 / (36.0 * nu**2)
    assert paper.threshold / sharp.threshold == pytest.approx(expected, rel=1e-9)


def test_the_width_is_where_the_verdict_turns_for_typical_draws():
    sharp = next(f for f in explicit_forms(setting(64)) if f.name == "song_2021_sharp")
    for factor, verdict in ((0.25, False), (4.0, True)):
        wide = explicit_forms(setting(int(factor * sharp.width)))
        assert next(f for f in wide if f.name == "song_2021_sharp").holds is verdict


def test_the_dynamics_of_the_run_do_not_matter():
    one, other = (explicit_forms(setting(dynamics=d)) for d in ("gradient_descent", "sgd"))
    assert one == other


def test_a_width_below_the_samples_is_named():
    forms = explicit_forms(setting(3))
    assert all(form.holds is False for form in forms)
    assert all(any("mu > 0" in name or "n" in name for name in f.failing) for f in forms)


def test_other_networks_and_losses_have_no_forms():
    assert explicit_forms(setting(activation=sf.Relu())) == ()
    plain = sf.Problem(sf.models.shallow(16), X, Y)
    assert explicit_forms(Setting(plain, plain.init(0), 1e-3)) == ()
    signs = sf.Problem(sf.models.shallow_family(16, 4), X, np.sign(Y), sf.Logistic())
    assert explicit_forms(Setting(signs, signs.init(0), 1e-3)) == ()


def test_nothing_allowed_is_an_infinite_factor():
    none = FormOutcome("a", "A", "sgd", "h <= 0", 1.0, 0.0, False, ("h <= 0",), float("inf"))
    assert none.excess == float("inf")
    assert FormOutcome("a", "A", "sgd", "h <= 0", 0.0, 0.0, True, (), 1.0).excess == 0.0
