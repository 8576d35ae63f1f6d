import re

import numpy as np
import pytest

import surefit as sf
from surefit.core.record import RunRecord
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Centred, Equilibrium
from surefit.layers.equilibrium import EquilibriumWarning
from surefit.report import render
from surefit.runs import CertifySpec
from surefit.workflows import build_network, certify
from surefit.workflows.ending import FITTED, goal

MONITORS = ("equilibrium_residual", "equilibrium_steps", "scaled_operator_norm", "contraction")


def build(outputs=1, inputs=3, **fields):
    return build_network(CertifySpec.parse({"width": 8, **fields}), outputs, inputs)


def test_fields_reach_the_network():
    plain = build(network="implicit", gamma=0.2, output_scale=0.5)
    assert plain == sf.models.implicit_relu(8, 0.2, output_scale=0.5)
    assert build(network="implicit", skip=False) == sf.models.implicit_relu(8, 0.1, skip=False)
    inside = build(network="implicit", trained="implicit", init="non_negative")
    assert inside == sf.models.implicit_relu(
        8, 0.1, trained="implicit", implicit_distribution="non_negative"
    )
    assert build(network="implicit", init="rademacher") == sf.models.implicit_relu(
        8, 0.1, distribution="rademacher"
    )
    assert build(network="ling") == sf.models.ling(8, 0.4**2 / 2)
    linear = build(network="implicit_linear", outputs=3, weight_std=2.0, activation="gelu")
    assert linear == sf.models.implicit_linear(
        8, 0.25, outputs=3, activation=sf.Gelu(), input_std=2.0, unit_inputs=3
    )
    zero = build(network="implicit", antisymmetric=True)
    assert zero == Centred(sf.models.implicit_relu(8, 0.1))


def test_the_variance_of_ling_is_that_of_its_gamma():
    layer = next(x for x in build(network="ling", gamma=0.3).layers if isinstance(x, Equilibrium))
    # sigma_w^2 = 0.045, entries of variance 2 sigma_w^2 / m.
    assert layer.scales(8)[1] ** 2 == pytest.approx(2 * 0.045 / 8)


@pytest.mark.parametrize(
    ("fields", "outputs", "kind", "words"),
    [
        ({"network": "implicit", "activation": "tanh"}, 1, InvalidInputError, "implicit_linear"),
        ({"network": "ling", "activation": "erf"}, 1, InvalidInputError, "must be relu"),
        ({"network": "implicit", "weight_std": 2.0}, 1, InvalidInputError, "must be left out"),
        ({"network": "implicit", "depth": 2}, 1, InvalidInputError, "infinitely many layers"),
        ({"network": "implicit_linear", "depth": 3}, 1, InvalidInputError, "must be 1"),
        ({"network": "implicit"}, 3, InvalidInputError, "one output"),
        ({"network": "implicit", "init": "wide"}, 1, UnknownNameError, "init of network"),
        ({"network": "ling", "init": "uniform"}, 1, UnknownNameError, "Known: gaussian"),
        ({"network": "implict"}, 1, UnknownNameError, "Did you mean 'implicit'"),
    ],
)
def test_contradictions_are_refused(fields, outputs, kind, words):
    with pytest.raises(kind, match=words):
        build(outputs, **fields)


def test_a_large_gamma_is_a_warning_and_no_error():
    with pytest.warns(EquilibriumWarning, match="is above 1"):
        build(network="implicit", gamma=0.6)


def spec(**fields):
    base = {"samples": 16, "classes": (0, 1), "width": 32, "steps": 30, "network": "implicit"}
    return sf.CertifySpec.parse({**base, "theorems": ("gao_2022", "ling_2023"), **fields})


def test_the_journey_of_an_implicit_network(tmp_path):
    finished = certify(spec(steps=200, monitors=MONITORS), tmp_path)
    record = RunRecord.load(finished.directory)
    assert record.holds is False
    assert re.match(r"No certificate after 200 steps \(training loss .* of that at", record.verdict)
    assert {theorem.name for theorem in record.theorems} == {"gao_2022", "ling_2023"}
    assert all(theorem.prediction.failing for theorem in record.theorems)
    assert set(MONITORS) <= set(record.trajectory.series)
    assert record.trajectory["equilibrium_residual"].values.max() < 1e-13
    assert np.all(record.trajectory["scaled_operator_norm"].values < 1.0)
    assert {check.name.split(":")[0] for check in record.network_checks} == {"start", "end"}
    assert all(check.holds for check in record.network_checks)
    assert [(one.folder, one.proved) for one in record.proofs] == [("certificate_equilibria", True)]
    assert f"Proved too: {record.proofs[0].statement}" in record.verdict
    assert record.certificates[-1].name == "equilibria"
    assert "limit_ntk" in record.spectra
    assert record.problem["gamma"] == 0.1
    assert record.command.count("--gamma") == 0  # its own default
    page = render(record)
    told = ("Checks of the network", "How fast, and how fast predicted", "well-posed for")
    for words in (*told, "exactly one equilibrium", "surefit verify certificate_equilibria"):
        assert words in page


@pytest.mark.parametrize(
    "fields",
    [
        {"network": "implicit", "trained": "implicit", "antisymmetric": True},
        {"network": "implicit_linear", "classes": (0, 1, 2), "samples": 18},
        {"network": "ling", "output_scale": 0.1},
    ],
    ids=lambda fields: "-".join(map(str, fields.values())),
)
def test_every_kind_of_implicit_run_ends_with_a_verdict(tmp_path, fields):
    # Few monitors: most of the time of a small run goes into compiling them.
    chosen = {"monitors": ("loss",), "theorems": (), "every": 10}
    record = certify(spec(**chosen, **fields), tmp_path).record
    assert record.verdict
    assert record.trajectory.status in (Status.STEPS_DONE, Status.TARGET_REACHED)


def test_without_a_certificate_in_reach_the_loss_ends_the_run():
    x, y = np.eye(3), np.array([1.0, -1.0, 1.0])
    implicit = sf.Problem(sf.models.implicit_relu(16), x, y)
    params = implicit.init(0)
    end = goal(implicit, params, None, 0.1)
    assert end.stop is None
    assert end.target_loss == pytest.approx(FITTED * float(implicit.objective(params)))
    assert goal(implicit, params, 0.5, 0.1).target_loss == 0.5
    smooth = sf.Problem(sf.models.shallow(16), x, y)
    end = goal(smooth, smooth.init(0), None, 0.1)
    assert end.stop is not None
    assert end.target_loss is None
