import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import CERTIFIERS, Point, certify
from surefit.core.certificate import Certificate

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
    assert set(loaded.witness) == {"x", "y", "params.0.w", "params.0.b", "params.2.w"}
    assert loaded.document == certificate.document
    assert set(loaded.document["arrays"]) == set(loaded.witness)
    for key, array in certificate.witness.items():
        np.testing.assert_array_equal(loaded.witness[key], array)


def test_a_certificate_that_does_not_hold_has_no_document(tmp_path):
    certificate = certify(*example(size=1.0))
    assert certificate.holds is False
    path = certificate.save(tmp_path / "c")
    assert sorted(file.name for file in path.iterdir()) == ["arrays.npz", "issued.json"]
    assert Certificate.load(path).document is None


def test_saving_over_a_certificate_that_held_takes_its_document_away(tmp_path):
    path = certify(*example()).save(tmp_path / "c")
    assert (path / "certificate.json").exists()
    certify(*example(size=1.0)).save(path)
    assert not (path / "certificate.json").exists()


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
