import numpy as np
import pytest

import surefit as sf
from surefit.core.record import RunRecord
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError, MemoryLimitError, UnknownNameError
from surefit.layers import Centred
from surefit.report import render
from surefit.runs import CertifySpec
from surefit.workflows import Listener, build_network, certify, large, preparation
from surefit.workflows.ending import DEEP_LOSS, all_correct, goal
from surefit.workflows.forecast import Forecast, steps_to
from surefit.workflows.preparation import prepare_bench


def build(outputs=1, shape=(3,), **fields):
    spec = CertifySpec.parse({"width": 16, **fields})
    return build_network(spec, outputs, int(np.prod(shape)), shape)


def test_fields_reach_the_network():
    assert build(network="fc", outputs=2) == sf.models.fully_connected(16, 3, 2)
    zero = build(network="fc", depth=1, antisymmetric=True)
    assert zero == Centred(sf.models.fully_connected(16, 1, 1))
    assert build(network="resnet", tau="1/L", depth=4) == sf.models.residual(16, 4, 1, tau="1/L")
    assert build(network="resnet") == sf.models.residual(16, 3)
    image = {"network": "cnn", "shape": (4, 4, 1), "outputs": 2}
    # 16 features of 4 x 4 positions are one channel, 64 are four.
    assert build(**image) == sf.models.convolutional((4, 4), 1, 3, 2)
    asked = {"width": 64, "window": 1, "shared": True, "bias_scale": 0}
    assert build(**image, **asked) == sf.models.convolutional(
        (4, 4), 4, 3, 2, window=1, shared=True, bias_scale=None
    )


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"network": "fc", "activation": "tanh"}, InvalidInputError, "must be relu for network"),
        ({"network": "cnn", "weight_std": 2.0}, InvalidInputError, "variances of all layers"),
        ({"network": "resnet", "init": "he"}, UnknownNameError, "Known: allen_zhu"),
        ({"network": "resnet2"}, UnknownNameError, "Did you mean 'resnet'"),
        (
            {"network": "cnn", "shape": (4, 4, 1), "width": 20},
            InvalidInputError,
            r"must be a multiple of 16 .* 4 x 4 positions.* Write --width 16 or 32\.",
        ),
        ({"network": "cnn", "shape": (5, 1), "width": 3}, InvalidInputError, r"Write --width 5\."),
        ({"network": "cnn", "shape": (2, 2, 1)}, InvalidInputError, "Write a smaller window"),
    ],
)
def test_contradictions_are_refused(fields, kind, words):
    with pytest.raises(kind, match=words):
        build(**fields)


def bench(**fields):
    return prepare_bench(CertifySpec.parse({"samples": 12, "width": 64, **fields}))


def test_the_convolutional_network_sees_images_and_the_others_vectors():
    assert bench(network="cnn", depth=1).problem.x.shape == (12, 8, 8, 1)
    assert bench(network="fc", depth=1).problem.x.shape == (12, 64)
    # Vectors are a ring.
    rows = {"samples": None, "samples_per_class": 4}
    ring = bench(network="cnn", data="wine", width=13, depth=1, **rows)
    assert ring.problem.x.shape == (12, 13, 1)


def test_memory_is_predicted_before_it_is_taken():
    with pytest.raises(MemoryLimitError, match="smaller --width"):
        bench(network="cnn", width=64 * 4096)


@pytest.mark.parametrize(
    ("fields", "method"),
    [
        ({"network": "fc"}, "gradient_descent"),
        ({"network": "fc", "method": "sgd"}, "sgd"),
        ({"network": "shallow", "method": "auto"}, "gradient_descent"),
    ],
)
def test_the_method_is_chosen_by_the_number_of_residuals(monkeypatch, fields, method):
    assert bench(**fields).method == method
    monkeypatch.setattr(preparation, "LARGEST", 100)
    asked = fields.get("method", "auto")
    many = bench(**fields)
    assert many.method == ("sgd" if asked == "auto" else asked)
    # Others have certificates, which are made of the spectrum.
    assert many.large is (fields["network"] == "fc")


def test_a_deep_run_ends_at_a_small_loss_or_where_every_sample_is_right():
    x, y = np.eye(3), np.eye(3)[[0, 1, 0]]
    squared = sf.Problem(sf.models.fully_connected(8, 1, 3), x, y)
    params = squared.init(0)
    assert goal(squared, params, None, 0.1, deep=True).target_loss == DEEP_LOSS
    assert goal(squared, params, 0.5, 0.1, deep=True).target_loss == 0.5
    entropy = sf.Problem(squared.network, x, y, sf.losses.CrossEntropy())
    for end in (
        goal(entropy, params, None, 0.1, deep=True),
        goal(squared, params, None, 0.1, deep=True, large=True),
    ):
        assert end.target_loss is None
        assert end.stop is all_correct
        assert "classified correctly" in end.words
    wrong = np.asarray(np.eye(3)[1 - np.argmax(np.asarray(squared.predict(params)), axis=1) // 2])
    right = np.eye(3)[np.argmax(np.asarray(squared.predict(params)), axis=1)]
    assert all_correct(sf.Problem(squared.network, x, right), params, 0)
    assert not all_correct(sf.Problem(squared.network, x, wrong), params, 0)


def test_the_forecast_is_exact_for_a_linear_network():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 6)), rng.normal(size=(4, 2))
    problem = sf.Problem(sf.Serial(sf.Dense(2, parameterisation="unscaled")), x, y)
    params = problem.init(0)
    values, vectors = np.linalg.eigh(x @ x.T)
    residual = np.asarray(problem.residual(params)).reshape(4, 2)
    energies = np.sum((vectors.T @ residual) ** 2, axis=1)
    step = 1.0 / values[-1]
    steps = steps_to(2e-8, step, values, energies)
    method = sf.GradientDescent(step_size=step)
    _, run = sf.train(problem, params, method, steps=100_000, target_loss=1e-8, monitors=["loss"])
    assert run.status is Status.TARGET_REACHED
    assert run.steps == steps > 10
    assert steps_to(2e-8, step, np.append(values, 0.0), np.append(energies, 1.0)) == np.inf
    assert steps_to(1e9, step, values, energies) == 0.0


def test_a_forecast_in_words():
    assert Forecast(np.inf).describe(10).startswith("never")
    text = Forecast(123_456.0, 0.05).describe(1000)
    assert text.startswith("about 120 000 steps")
    assert "about 1.7 hours" in text
    assert "the limit is 1000 (--steps)" in text
    assert "--steps" not in Forecast(999.0).describe(1000)


class Notes(Listener):
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def stage(self, message):
        self.heard.append(message)


FAST = {
    "classes": (0, 1, 2),
    "samples": 12,
    "width": 64,
    "depth": 1,
    "every": 50,
    "monitors": ("accuracy",),
}


def test_a_deep_run_says_that_it_reached_its_goal(tmp_path):
    spec = sf.CertifySpec.parse({**FAST, "network": "fc", "theorems": ("allen_zhu_2019_limit",)})
    notes = Notes()
    record = certify(spec, tmp_path, listener=notes).record
    assert record.trajectory.status is Status.TARGET_REACHED
    assert record.trajectory["loss"].last <= DEEP_LOSS
    assert record.verdict.startswith("Training reached its goal after")
    assert "100 % of the samples classified correctly. No certificate" in record.verdict
    assert record.holds is None
    assert any("until the loss is 1e-06: about" in text for text in notes.heard)
    assert record.problem["method"] == record.trajectory.method == "gradient_descent"
    (theorem,) = record.theorems
    # The automatic step is the largest that the theorem allows; what it lacks is width.
    lacking = {check.name for check in theorem.prediction.failing}
    assert not any(name.startswith("step size") for name in lacking)


def test_a_large_deep_run_says_what_it_leaves_out(tmp_path, monkeypatch):
    for module in (large, preparation):
        monkeypatch.setattr(module, "LARGEST", 30)
    names = ("allen_zhu_2019", "allen_zhu_2019_sgd", "allen_zhu_2019_limit", "lee_2019")
    monkeypatch.setattr(large, "_MEASUREMENT", 0.0)
    spec = sf.CertifySpec.parse(
        {**FAST, "network": "fc", "theorems": names, "batch_size": 4, "method": "sgd"}
    )
    notes = Notes()
    finished = certify(spec, tmp_path, listener=notes)
    record = RunRecord.load(finished.directory)
    told = next(text for text in notes.heard if "is not formed" in text)
    assert told == record.problem["left_out"]
    for words in ("Gram matrix of 36 residuals (12 samples x 3 outputs", "certificates",
                  "the theorems lee_2019", "--samples 10 or less"):  # fmt: skip
        assert words in told
    assert {theorem.name for theorem in record.theorems} == {*names} - {"lee_2019"}
    assert all(promise.monitor != "kernel_drift" for theorem in record.theorems
               for promise in theorem.prediction.promises)  # fmt: skip
    assert any("The loss 1e-06 would take about" in text for text in notes.heard)
    assert "all training samples are classified correctly" in record.verdict
    assert record.trajectory["accuracy"].last == 1.0
    assert record.holds is None
    assert record.certificates == ()
    assert len(record.spectra["first_output_ntk_initial"]) == 12
    assert "is not formed" in render(record)
