"""Synthetic runs for the tests of the report, and sample pages for people to look at.

`python tests/report/records.py DIRECTORY` writes one page per run into DIRECTORY.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from surefit.core.certificate import Certificate
from surefit.core.check import Check, Evidence, Sense
from surefit.core.condition_history import ConditionHistory, Moment
from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Series, Status, Trajectory

STEPS = 4000
SAMPLES = 300
STEP = 0.0173


def _spectrum(smallest: float, largest: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(-0.05, 0.05, SAMPLES)
    return np.sort(np.geomspace(smallest, largest, SAMPLES) * np.exp(noise))


def _curve(eigenvalues: np.ndarray) -> Curve:
    weights = 297.0 * eigenvalues / eigenvalues.sum()
    factors = (1 - STEP * eigenvalues) ** 2
    return Curve(tuple(weights.tolist()), tuple(factors.tolist()))


def _series() -> dict[str, Series]:
    rng = np.random.default_rng(0)
    times = np.arange(STEPS + 1, dtype=float)
    coarse = np.arange(0, STEPS + 1, 20, dtype=float)
    residual = _curve(_spectrum(0.021, 57.0, 1))(times) * (1 + 0.01 * rng.normal(size=len(times)))
    settle = 1 - np.exp(-coarse / 600)
    return {
        "squared_residual": Series(times, residual),
        "loss": Series(times, 0.5 * residual),
        "accuracy": Series(coarse, np.clip(0.53 + 0.47 * (1 - np.exp(-coarse / 90)), 0, 1)),
        "distance": Series(
            coarse, np.stack([4.1 * settle, 1.3 * settle], axis=1), ("hidden", "output")
        ),
        "path_length": Series(coarse, 4.9 * settle),
        "gram_smallest": Series(coarse, 0.0189 + 0.0021 * settle),
        "gram_largest": Series(coarse, 57.0 + 3.2 * settle),
        "kernel_drift": Series(coarse, 0.062 * settle),
        "flips": Series(coarse, 0.011 * settle),
        "gradient_norm": Series(times, 3.1 * np.sqrt(residual)),
        "pl_ratio": Series(coarse, 0.4 + 3.0 * np.exp(-coarse / 400)),
        "operator_norm": Series(
            coarse,
            np.stack([2.8 + 0.1 * settle, 1.02 + 0.02 * settle], axis=1),
            ("hidden", "output"),
        ),
        "sharpness_of_tomorrow": Series(coarse, 1.9 + 0.1 * np.sin(coarse / 300)),
    }


def _bartlett() -> TheoremRecord:
    return TheoremRecord(
        name="bartlett_montanari_rakhlin_2021",
        title="Bartlett, Montanari, Rakhlin (2021), Theorem 5.1",
        citation="@article{bartlett2021deep,\n  title = {Deep learning: a statistical viewpoint},\n"
        "  author = {Bartlett, Peter L. and Montanari, Andrea and Rakhlin, Alexander},\n"
        "  journal = {Acta Numerica},\n  volume = {30},\n  pages = {87--201},\n  year = {2021},\n}",
        setting="Any smooth model under gradient descent on the squared loss, close to its start.",
        url="https://doi.org/10.1017/S0962492921000027",
        prediction=Prediction(
            theorem="bartlett_montanari_rakhlin_2021",
            assumptions=(
                Check("4 L‖r₀‖ / σ²", 0.42, 1.0, Sense.LESS, error=1e-9, note="the base condition"),
                Check("η λ_max(K)", 0.99997, 1.0, error=1e-12),
                Check.from_flag("activation is smooth", True, evidence=Evidence.PROVED),
            ),
            promises=(
                Promise(
                    "squared_residual", Curve.geometric(297.0, 1 - 3.3e-4), source="Theorem 5.1"
                ),
                Promise("distance", 7.38, source="Theorem 5.1"),
                Promise("gram_smallest", 0.0095, Guarantee.LOWER, source="Lemma 5.2"),
            ),
            rate=1 - 3.3e-4,
            step_size=0.0174,
            width=411.0,
            radius=7.38,
        ),
        outcome=(
            Check(
                "squared residual below the curve", 0.97, 1.0, note="largest ratio over all steps"
            ),
            Check("distance from the start", 4.301, 7.38),
            Check("smallest Gram eigenvalue", 0.0189, 0.0095, Sense.AT_LEAST),
        ),
    )


def _arora() -> TheoremRecord:
    return TheoremRecord(
        name="arora_et_al_2019",
        title="Arora, Du, Hu, Li, Wang (2019), Theorem 4.1",
        citation="@inproceedings{arora2019fine,\n  title = {Fine-grained analysis},\n}",
        setting="Two-layer ReLU networks, hidden layer trained, small start.",
        url="https://arxiv.org/abs/1901.08584",
        prediction=Prediction(
            theorem="arora_et_al_2019",
            assumptions=(
                Check("m", 512.0, 3.1e22, Sense.AT_LEAST, unstated=("C_width",)),
                Check("inputs on the unit sphere", 1.2e-16, 1e-12),
            ),
            promises=(
                Promise(
                    "squared_residual",
                    _curve(_spectrum(0.019, 57.4, 2)),
                    Guarantee.TIGHT,
                    tolerance=14.8,
                    source="Theorem 4.1",
                    unstated=("C_width",),
                ),
            ),
            rate=1 - 6.6e-4,
            step_size=1e-7,
            width=3.1e22,
            unstated={"C_width": 1.0},
            note="The width that it asks for is out of reach; its curve is close all the same.",
        ),
        outcome=(Check("squared residual close to the curve", 2.9, 14.8, unstated=("C_width",)),),
    )


def _du() -> TheoremRecord:
    return TheoremRecord(
        name="du_et_al_2018",
        title="Du, Zhai, Póczos, Singh (2019), Theorem 4.1",
        citation="@inproceedings{du2019gradient,\n  title = {Gradient descent},\n}",
        setting="Two-layer ReLU networks whose output weights are fixed to plus or minus one.",
        url="https://arxiv.org/abs/1810.02054",
        prediction=Prediction(
            theorem="du_et_al_2018",
            assumptions=(
                Check.from_flag("activation is ReLU", False, "here it is tanh"),
                Check("m", 512.0, 8.2e22, Sense.AT_LEAST, unstated=("C",)),
                Check("λ₀", 0.0189, 0.0, Sense.GREATER, error=2e-13),
                Check.undecided(
                    "failure probability", "it holds for most starts; one is no sample"
                ),
            ),
            promises=(
                Promise("squared_residual", Curve.geometric(297.0, 1 - 1.6e-4), source="Thm 4.1"),
                Promise("distance", 472.0, source="Corollary 4.1"),
            ),
            rate=1 - 1.6e-4,
            step_size=2.1e-7,
            width=8.2e22,
            radius=472.0,
            unstated={"C": 1.0},
        ),
        outcome=(
            Check("squared residual below the curve", 0.99, 1.0),
            Check("distance from the start", 4.301, 472.0),
        ),
    )


def _flow() -> TheoremRecord:
    return TheoremRecord(
        name="liu_zhu_belkin_2022",
        title="Liu, Zhu, Belkin (2022), Theorem 4",
        citation="@article{liu2022loss,\n  title = {Loss landscapes},\n  year = {2022},\n}",
        setting="Gradient flow under the PL* condition.",
        url="https://doi.org/10.1016/j.acha.2021.12.009",
        prediction=Prediction(
            theorem="liu_zhu_belkin_2022",
            assumptions=(Check("μ", 0.018, 0.0, Sense.GREATER, evidence=Evidence.SAMPLED),),
            rate=0.036,
            width=float("inf"),
        ),
    )


def certificate() -> Certificate:
    return Certificate(
        name="two_layer_smooth",
        statement="From the saved weights, gradient descent with any step size up to 0.0174 "
        "converges to weights that fit all 300 samples exactly; the residual shrinks at least by "
        "the factor 1 − 8.1×10⁻⁵ at every step, and the weights move by at most 0.0041.",
        theorem="Bartlett, Montanari, Rakhlin (2021), Theorem 5.1, with the sharp constant",
        checks=(
            Check("2 Λ‖r‖ / σ²", 0.118, 1.0, Sense.LESS, error=1e-8, note="base condition"),
            Check("σ_min(J)", 0.1101, 0.0, Sense.GREATER, error=3e-12, evidence=Evidence.INTERVAL),
            Check("η ‖J‖²", 0.99982, 1.0, error=1e-10),
        ),
        quantities={
            "sigma_min": 0.1101,
            "radius": 0.0041,
            "rate": 1 - 8.1e-5,
            "steps_per_decade": 28427.3,
            "step_size": STEP,
        },
        witness={"weights": np.zeros(3)},
        note="It speaks of exact arithmetic, and of the saved weights only.",
    )


def good() -> RunRecord:
    """A run that went well, with every monitor."""
    final = _series()["squared_residual"].values[-1]
    return RunRecord(
        run_id="digits-shallow-tanh-512-s0-3f9c1d2ab8",
        spec={
            "activation": "tanh",
            "antisymmetric": True,
            "batch_size": None,
            "classes": [0, 1],
            "data": "digits",
            "data_sha256": None,
            "depth": 1,
            "every": None,
            "init": "wide",
            "labels": "auto",
            "loss": "half_squared",
            "method": "gradient_descent",
            "monitors": None,
            "network": "shallow",
            "noise": 0.0,
            "preprocess": ["centre", "unit_norm"],
            "samples": SAMPLES,
            "schema": "certify/1",
            "seed": 0,
            "step_size": "auto",
            "steps": STEPS,
            "width": 512,
        },
        environment={
            "surefit": "0.1.0",
            "jax": "0.10.2",
            "python": "3.11.7",
            "cpu_count": 2,
            "devices": {"cpu: cpu": 1},
            "git_modified": False,
            "git_revision": None,
            "date": "2026-05-09T14:03:11+00:00",
        },
        verdict="After 4 000 steps it is certified: from the saved weights, gradient descent "
        "converges to an exact global minimum at a linear rate.",
        holds=True,
        problem={
            "samples": SAMPLES,
            "inputs": 64,
            "outputs": 1,
            "width": 512,
            "parameters": 33280,
            "delta": 0.1503,
            "activation": "tanh",
        },
        data_checks=(
            Check("smallest distance of two rows", 0.1503, 0.0, Sense.GREATER),
            Check("largest | ‖x‖ − 1 |", 2.2e-16, 1e-12),
            Check.from_flag("every class is present", True, evidence=Evidence.PROVED),
        ),
        spectra={
            "limit_ntk": _spectrum(0.019, 57.4, 2).tolist(),
            "empirical_ntk_initial": _spectrum(0.0189, 57.0, 3).tolist(),
            "empirical_ntk_final": _spectrum(0.0210, 60.2, 4).tolist(),
        },
        theorems=(_arora(), _bartlett(), _du(), _flow()),
        trajectory=Trajectory(
            "gradient_descent",
            STEP,
            float(STEPS),
            _series(),
            Status.STEPS_DONE,
            f"The squared residual is {final:.3g}; more steps would make it smaller.",
            12.4,
        ),
        certificates=(certificate(),),
        command="surefit certify --data digits --classes 0 1 --samples 300 --network shallow "
        "--activation tanh --width 512 --seed 0 --out runs",
        conditions=ConditionHistory(
            tuple(
                Moment(float(time), 17.0 / (1 + time), 0.14, 0.9, 1600.0 / (1 + time))
                for time in (0, 1, 4, 16, 64, 256, 1000, 2000, STEPS)
            )
        ),
    )


def diverged() -> RunRecord:
    """A run whose step was too large: it blows up, then ends in NaN."""
    times = np.arange(400, dtype=float)
    with np.errstate(over="ignore"):
        residual = 297.0 * np.power(40.0, times)
    residual[300:] = np.nan
    drift = np.where(times < 250, times * 1e-2, np.inf)
    series = {
        "squared_residual": Series(times, residual),
        "kernel_drift": Series(times, drift),
        "gram_smallest": Series(times[:1], np.array([0.0189])),
        "accuracy": Series(times, np.full(400, np.nan)),
    }
    base = good()
    theorem = dataclasses.replace(
        _bartlett(),
        outcome=(Check("squared residual below the curve", float("inf"), 1.0),),
    )
    return dataclasses.replace(
        base,
        run_id="d1v",
        verdict="Training diverged: the step size 2 exceeds 2 / λ_max = 0.0351.",
        holds=False,
        theorems=(theorem,),
        spectra={"limit_ntk": [-1e-17, 0.0, *_spectrum(0.019, 57.4, 2).tolist()]},
        trajectory=Trajectory(
            "gradient_descent",
            2.0,
            399.0,
            series,
            Status.DIVERGED,
            "Choose a step size below 0.0351, or step_size='auto'.",
            0.8,
        ),
        certificates=(dataclasses.replace(certificate(), checks=(), quantities={}, note=""),),
    )


def bare() -> RunRecord:
    """A run with no certificate, no theorem that applies, and nothing else that can be left out."""
    times = np.linspace(0, 3, 31)
    return RunRecord(
        run_id="ba5e",
        spec={},
        environment={},
        verdict="It cannot be said whether gradient flow fits these data.",
        holds=None,
        problem={},
        data_checks=(),
        spectra={},
        theorems=(_du(),),
        trajectory=Trajectory(
            "gradient_flow",
            0.1,
            3.0,
            {"squared_residual": Series(times, np.exp(-times))},
            Status.INTERRUPTED,
        ),
    )


EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' & </pre></title>"


def hostile() -> RunRecord:
    """A run whose every text tries to break out of the page."""
    base = good()
    check = Check(EVIL, 1.0, 2.0, note=EVIL, unstated=(EVIL,))
    prediction = Prediction(
        EVIL,
        (check, Check(EVIL, 1.0, 2.0)),
        (
            Promise(
                "squared_residual", Curve.geometric(297.0, 0.999), source=EVIL, unstated=(EVIL,)
            ),
            Promise(EVIL, 0.7, source=EVIL),
        ),
        rate=0.999,
        width=1e20,
        step_size=0.1,
        radius=3.0,
        unstated={EVIL: 1.0},
        note=EVIL,
    )
    theorem = TheoremRecord(EVIL, EVIL, EVIL, EVIL, "javascript:alert(1)", prediction, (check,))
    times = np.arange(10.0)
    series = {
        "squared_residual": Series(times, 297 * 0.9**times),
        EVIL: Series(times, times + 1),
        "distance": Series(times, np.stack([times, times], 1), (EVIL, EVIL + "2")),
        "wide": Series(times, np.random.default_rng(0).normal(size=(10, 5, 6))),
    }
    return dataclasses.replace(
        base,
        run_id=EVIL,
        spec={
            EVIL: EVIL,
            "data": EVIL,
            "network": EVIL,
            "classes": [EVIL, 2],
            "nested": {"a": EVIL},
        },
        environment={EVIL: EVIL, "date": EVIL, "surefit": EVIL},
        verdict=EVIL,
        problem={EVIL: EVIL},
        data_checks=(check,),
        spectra={EVIL: [0.1, 1.0]},
        theorems=(theorem, dataclasses.replace(theorem, name=EVIL + "2")),
        trajectory=Trajectory(EVIL, 0.1, 9.0, series, Status.STEPS_DONE, EVIL, 1.0),
        certificates=(
            Certificate("plain", EVIL, EVIL, (check,), {EVIL: 1.0}, note=EVIL),
            dataclasses.replace(certificate(), name="plain/../" + EVIL, statement=EVIL),
        ),
        command=EVIL,
    )


RECORDS = {"good": good, "diverged": diverged, "bare": bare, "hostile": hostile}


def main(directory: Path) -> None:
    """Write a sample page for every record."""
    from surefit.report import render

    directory.mkdir(parents=True, exist_ok=True)
    for name, make in RECORDS.items():
        page = directory / f"{name}.html"
        page.write_text(render(make()), encoding="utf-8", newline="\n")
        sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
