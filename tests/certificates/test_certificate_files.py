import json

import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import CERTIFIERS, Point, certify, reissue
from surefit.core.certificate import Certificate
from surefit.errors import InvalidInputError
from surefit.losses import SumSquared

NETWORK = sf.Serial(sf.Dense(30, 3.0, 0.5), sf.Tanh(), sf.Dense(1))


def example(loss=None, size=1e-5):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 3))
    blank = sf.Problem(NETWORK, x, np.zeros(5))
    params = blank.init(0)
    y = np.asarray(blank.predict(params))[:, 0] - size * rng.normal(size=5)
    return sf.Problem(NETWORK, x, y, loss), params


# Other test modules define entries of their own.
OWN = [name for name, cls in CERTIFIERS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_save_and_load(tmp_path, name):
    certificate = CERTIFIERS[name]().issue(*example())
    loaded = Certificate.load(certificate.save(tmp_path / "certificate"))
    assert loaded.holds is True
    assert loaded.explain() == certificate.explain()
    assert loaded.checks == certificate.checks
    np.testing.assert_equal(loaded.quantities, certificate.quantities)
    assert set(loaded.witness) == {"x", "y", "params/0/w", "params/0/b", "params/2/w"}
    for key, array in certificate.witness.items():
        np.testing.assert_array_equal(loaded.witness[key], array)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("loss", [None, SumSquared()])
def test_reissue_from_the_files_alone(tmp_path, name, loss):
    for dynamics in CERTIFIERS[name].dynamics:
        issued = CERTIFIERS[name]().issue(*example(loss), dynamics=dynamics)
        loaded = Certificate.load(issued.save(tmp_path / dynamics))
        again = reissue(loaded, NETWORK, loss)
        assert again.statement == issued.statement
        np.testing.assert_equal(again.quantities, issued.quantities)
        assert again.holds


def test_changed_weights_are_found(tmp_path):
    issued = certify(*example())
    path = issued.save(tmp_path / "c")
    with np.load(path / "certificate.npz") as arrays:
        changed = dict(arrays)
    changed["params/2/w"] = changed["params/2/w"] + 0.1
    np.savez_compressed(path / "certificate.npz", **changed)
    loaded = Certificate.load(path)
    assert loaded.holds  # the file says so
    again = reissue(loaded, NETWORK)
    assert again.holds is False
    assert again.quantities["residual"] > 100 * loaded.quantities["residual"]


def test_changed_numbers_are_found(tmp_path):
    issued = certify(*example(size=1.0))
    assert issued.holds is False
    path = issued.save(tmp_path / "c")
    head = json.loads((path / "certificate.json").read_text())
    for check in head["checks"]:
        check["value"], check["bound"], check["sense"] = 0.0, 1.0, "<"
    (path / "certificate.json").write_text(json.dumps(head))
    forged = Certificate.load(path)
    assert forged.holds
    assert reissue(forged, NETWORK).holds is False


def test_reissue_needs_the_arrays_of_the_network():
    certificate = certify(*example())
    with pytest.raises(InvalidInputError, match="which the certificate does not carry"):
        reissue(certificate, sf.models.multilayer(30, 2))
    empty = Certificate("kantorovich_majorant", "s", "t", certificate.checks, {})
    with pytest.raises(InvalidInputError, match="must carry the data and weights"):
        reissue(empty, NETWORK)


def test_the_enclosures_hold_the_true_singular_values():
    problem, params = example()
    point = Point.at(problem, params)
    quick = Point.at(problem, params, quick=True)
    with mpmath.workdps(40):
        w = mpmath.matrix(np.asarray(params[0]["w"]).tolist())
        b = np.asarray(params[0]["b"]).tolist()
        a = np.asarray(params[2]["w"]).tolist()[0]
        scale, bias = 3 / mpmath.sqrt(3), mpmath.mpf(0.5)
        rows = []
        for x in np.asarray(problem.x).tolist():
            row = []
            for j in range(30):
                z = scale * sum(w[j, i] * x[i] for i in range(3)) + bias * b[j]
                h = mpmath.tanh(z)
                slope = a[j] * (1 - h**2)
                row += [h, slope * bias, *(slope * scale * xi for xi in x)]
            rows.append([value / mpmath.sqrt(30) for value in row])
        jacobian = mpmath.matrix(rows)
        values = mpmath.eigsy(jacobian * jacobian.T, eigvals_only=True)
        smallest, largest = min(values), max(values)
        for found in (point, quick):
            assert found.smallest.lower <= smallest <= found.smallest.upper
            assert found.largest.lower <= largest <= found.largest.upper
            assert found.sigma.lower <= mpmath.sqrt(smallest) <= found.sigma.upper
            assert mpmath.sqrt(largest) <= found.beta
            assert found.smallest.error <= 1e-10 * float(largest)
    np.testing.assert_allclose(point.residual, np.linalg.norm(problem.residual(params)))
