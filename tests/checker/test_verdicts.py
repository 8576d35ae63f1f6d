"""True statements are proved, false ones are not, and the proved ones come true."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from surefit_checker import check
from surefit_checker.__main__ import main

NAMES = ["two layers", "ReLU", "deep tanh", "residual", "convolution", "equilibrium"]


@pytest.fixture
def folder(fitted, honest, tmp_path):
    """A two-layer certificate that holds."""
    return fitted("two layers").save(tmp_path / "certificate", honest("two layers"))


def changed(key, value):
    def edit(spec):
        spec["statement"][key] = value.hex()

    return edit


@pytest.mark.parametrize("name", NAMES)
def test_honest_certificates_are_proved(name, fitted, honest, tmp_path):
    case = fitted(name, 1e-9)
    verdict = check(case.save(tmp_path, honest(name, 1e-9)))
    assert (verdict.verdict, verdict.reason) == ("proved", "")
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    numbers = verdict.numbers
    assert 1e-9 * (1 - 1e-6) <= numbers["residual_norm"] <= 1.001e-9
    assert values[-1] * (1 - 1e-6) <= numbers["sigma_min"] <= values[-1] * (1 + 1e-12)
    assert values[0] * (1 - 1e-12) <= numbers["jacobian_norm"] <= values[0] * (1 + 1e-6)
    assert numbers["path_length"] >= np.linalg.norm(
        np.linalg.lstsq(case.jacobian(), case.residual(), rcond=None)[0]
    ) * (1 - 1e-3)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_descent_does_what_is_proved(scale, fitted, build, tmp_path):
    case = fitted("two layers", 3e-3)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    step = 0.9 / values[0] ** 2 / (2 * scale)
    rho = 1.5 * 3e-3 / float(values[-1])
    statement = {"kind": "descent", "rho": rho, "step_size": float(step), "start_radius": 0.0}
    numbers = check(case.save(tmp_path, statement, scale=scale)).numbers
    length, residual = 0.0, case.residual()
    for _ in range(40):
        move = 2 * scale * step * case.jacobian().T @ residual
        length += np.linalg.norm(move)
        case = case.at(case.theta() - move)
        shrinks = np.linalg.norm(case.residual()) / np.linalg.norm(residual)
        assert shrinks <= 1 - 2 * scale * step * numbers["rate"]
        residual = case.residual()
        assert length <= numbers["path_length"]
    assert length >= 0.2 * numbers["path_length"]


def test_flow(fitted, honest, tmp_path):
    statement = honest("two layers") | {"kind": "flow"}
    del statement["step_size"]
    verdict = check(fitted("two layers").save(tmp_path, statement))
    assert verdict.verdict == "proved"
    assert verdict.statement.startswith("Gradient flow on the loss from the saved weights")
    assert "largest_step" not in verdict.numbers


def test_a_polished_network_with_labels(build, tmp_path):
    case = build.two_layer().polished()
    assert set(np.unique(case.arrays["y"])) <= {-1.0, 1.0}
    statement = {"kind": "descent", "rho": 1e-9, "step_size": 1e-3, "start_radius": 0.0}
    verdict = check(case.save(tmp_path, statement))
    assert verdict.verdict == "proved", verdict.reason
    assert verdict.numbers["path_length"] <= 1e-11


def test_starts_in_a_ball(folder, edited):
    verdict = edited(folder, changed("start_radius", 1e-8))
    assert verdict.verdict == "proved"
    larger = edited(folder, changed("start_radius", 1e-7))
    assert larger.verdict == "refused" and "at every start" in larger.reason


def test_a_radius_that_is_too_small(folder, edited):
    verdict = edited(folder, changed("rho", 1e-8))
    assert verdict.verdict == "refused"
    assert "residual + lipschitz * rho^2 / 2 <= sigma * rho, at every start" in verdict.reason
    assert "fails by a factor of" in verdict.reason
    assert verdict.exit_code == 1 and verdict.statement == ""


def test_a_radius_that_is_too_large(folder, edited):
    verdict = edited(folder, changed("rho", 10.0))
    assert verdict.verdict == "refused" and "fails by a factor of" in verdict.reason


def test_steps_beyond_the_largest_eigenvalue(fitted, honest, tmp_path):
    statement = honest("two layers")
    largest = statement["step_size"] / 0.9
    results = []
    for factor in (1.05, 1.5, 1.999, 2.0, 3.0):
        statement = statement | {"step_size": factor * largest}
        results.append(check(fitted("two layers").save(tmp_path, statement)))
    assert [r.verdict for r in results] == ["proved", "proved", "refused", "refused", "refused"]
    # Longer steps cost: the constant c of the lemma lengthens the path.
    assert results[1].numbers["path_length"] > results[0].numbers["path_length"]


def test_a_residual_that_is_too_large(fitted, honest, tmp_path):
    case = fitted("two layers", 1.0)
    verdict = check(case.save(tmp_path, honest("two layers", 1.0)))
    assert verdict.verdict == "refused"


def test_a_kernel_without_full_rank(build, tmp_path):
    case = build.two_layer(n=6)
    case.arrays["x"][1] = case.arrays["x"][0]  # two equal samples
    case = case.fitted(1e-9)
    statement = {"kind": "flow", "rho": 1e-6, "start_radius": 0.0}
    verdict = check(case.save(tmp_path, statement))
    assert verdict.verdict == "cannot decide" and "is not positive" in verdict.reason


def test_a_relu_on_its_kink(fitted, honest, tmp_path):
    case = fitted("ReLU")
    verdict = check(case.save(tmp_path, honest("ReLU") | {"rho": 5.0}))
    assert verdict.verdict == "refused" and "may change its sign within the ball" in verdict.reason


def test_equilibria_that_need_not_exist(build, tmp_path):
    case = build.equilibrium()
    case.arrays["a"] *= 10
    verdict = check(case.save(tmp_path, {"kind": "flow", "rho": 1e-6, "start_radius": 0.0}))
    assert verdict.verdict == "refused" and "is no contraction" in verdict.reason


def test_claims(folder, edited):
    numbers = check(folder).numbers

    def claim(name, factor):
        def edit(spec):
            spec["claims"] = {name: (numbers[name] * factor).hex()}

        return edited(folder, edit)

    for name, sign in (
        ("residual_norm", 1),
        ("jacobian_norm", 1),
        ("lipschitz", 1),
        ("path_length", 1),
        ("sigma_min", -1),
        ("rate", -1),
        ("largest_step", -1),
    ):
        assert claim(name, 1.0).verdict == "proved"
        assert claim(name, 1 + sign * 1e-12).verdict == "proved"
        optimistic = claim(name, 1 - sign * 1e-12)
        assert optimistic.verdict == "refused"
        assert f"{name} is claimed to be" in optimistic.reason


def test_the_command(folder, capsys):
    assert main([str(folder)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("Gradient descent on the loss with step size")
    assert output.endswith("proved\n") and "lipschitz * rho < sigma" in output
    spec = json.loads((folder / "certificate.json").read_text())
    spec["statement"]["rho"] = (1e-9).hex()
    (folder / "certificate.json").write_text(json.dumps(spec))
    assert main([str(folder)]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("refused: residual")
    assert main([str(folder / "nowhere")]) == 2
    assert capsys.readouterr().out.startswith("invalid: ")


def test_the_checker_needs_numpy_and_flint_only():
    code = (
        "import sys, surefit_checker.__main__;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'jax', 'surefit', 'scipy', 'equinox', 'sklearn'}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_rounding_is_never_the_reason_for_a_proof(fitted, honest, edited, tmp_path):
    """Radii around the smallest that can be proved: refused, undecided, proved, in this order."""
    folder = fitted("two layers").save(tmp_path / "certificate", honest("two layers"))
    shortest = check(folder).numbers["path_length"]
    verdicts = [
        edited(folder, changed("rho", shortest * (1 + shift))).verdict
        for shift in (-1e-4, -1e-6, -1e-10, 1e-10, 1e-8)
    ]
    assert verdicts == ["refused", "refused", "cannot decide", "proved", "proved"]
    assert math.isfinite(shortest)


def test_more_bits_decide_what_is_close(fitted, honest, edited, tmp_path):
    statement = honest("two layers")
    folder = fitted("two layers").save(tmp_path / "certificate", statement)
    rough, sharp = check(folder), check(folder, bits=256)
    assert sharp.verdict == "proved"
    for name, sign in (("residual_norm", 1), ("sigma_min", -1), ("path_length", 1), ("rate", -1)):
        assert sign * sharp.numbers[name] <= sign * rough.numbers[name]
    # Between what the two precisions prove: undecided in one, decided in the other.
    radius = 0.5 * (rough.numbers["path_length"] + sharp.numbers["path_length"])
    assert radius < rough.numbers["path_length"] * (1 - 1e-9)
    statement = statement | {"rho": rough.numbers["path_length"] * (1 - 1e-10)}
    folder = fitted("two layers").save(tmp_path / "close", statement)
    assert check(folder).verdict == "cannot decide"
    assert check(folder, bits=256).verdict == "proved"
    statement["rho"] = sharp.numbers["path_length"] * (1 - 1e-10)
    folder = fitted("two layers").save(tmp_path / "beyond", statement)
    assert check(folder, bits=256).verdict == "refused"


@pytest.mark.parametrize("name", ["two layers, two outputs", "ReLU", "residual", "convolution"])
def test_both_precisions_agree(name, fitted, honest, tmp_path):
    folder = fitted(name, 1e-6).save(tmp_path, honest(name, 1e-6) | {"rho": 1e-5})
    one, two = check(folder).numbers, check(folder, bits=128).numbers
    for key, value in two.items():
        assert one[key] == pytest.approx(value, rel=1e-6)


def test_kernels_that_float64_cannot_tell_from_singular(build, tmp_path):
    case = build.two_layer(n=4)
    case.arrays["x"][1] = case.arrays["x"][0] * (1 + 1e-9)  # two samples that are nearly the same
    case = case.fitted(1e-14)
    folder = case.save(tmp_path, {"kind": "flow", "rho": 1e-4, "start_radius": 0.0})
    assert check(folder).verdict == "cannot decide"
    sharp = check(folder, bits=256)
    assert 0 < sharp.numbers["sigma_min"] < 1e-8


def test_equilibria_have_one_precision(fitted, honest, tmp_path):
    verdict = check(fitted("equilibrium").save(tmp_path, honest("equilibrium")), bits=256)
    assert verdict.verdict == "cannot decide" and "float64 only" in verdict.reason
