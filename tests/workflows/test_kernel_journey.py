"""The journey of `surefit kernel` against numbers computed another way."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import train_test_split

import surefit as sf
from surefit.core.kernel_record import KernelRecord
from surefit.errors import InvalidInputError
from surefit.runs.kernel_spec import KernelSpec
from surefit.workflows.kernels import build_network
from surefit.workflows.kernels.heat import heat_map
from surefit.workflows.kernels.samples import load_samples


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    spec = KernelSpec.parse({"samples": 100, "ridge": 0.05, "depth": 2, "test_fraction": 0.3})
    return spec, sf.workflows.kernel(spec, tmp_path_factory.mktemp("runs"))


def arrays():
    """The same data prepared by hand."""
    x, labels = (a[:100] for a in load_digits(return_X_y=True))
    rows, test = train_test_split(np.arange(100), test_size=0.3, random_state=0, stratify=labels)
    rows, test = np.sort(rows), np.sort(test)
    x = x - x[rows].mean(axis=0)
    return x / np.linalg.norm(x, axis=1)[:, None], labels, rows, test


def test_predictions_are_those_of_kernel_ridge_regression(finished):
    spec, done = finished
    x, labels, rows, test = arrays()
    network = build_network(spec, 10, (64,))
    kernels = sf.limit_kernel(network, jnp.asarray(x))
    targets = np.eye(10)[labels[rows]]
    both = np.asarray(kernels.ntk), np.asarray(kernels.nngp)
    for outcome, kernel in zip(done.record.kernels, both, strict=True):
        # Scores relative to the mean over classes, as the coding of targets has it.
        model = KernelRidge(kernel="precomputed", alpha=0.05)
        model.fit(kernel[np.ix_(rows, rows)], targets - 0.1)
        scores = model.predict(kernel[np.ix_(test, rows)])
        expected = np.mean(scores.argmax(axis=1) == labels[test])
        assert outcome.scores["test_accuracy"] == pytest.approx(expected, abs=1e-12)
        values = np.linalg.eigvalsh(kernel[np.ix_(rows, rows)])
        assert outcome.smallest == pytest.approx(values[0], rel=1e-9)
        assert outcome.largest == pytest.approx(values[-1], rel=1e-12)
        assert outcome.effective_dimension == pytest.approx(
            np.sum(values / (values + values.mean()))
        )
        assert outcome.step_size == pytest.approx(1 / (values[-1] + 0.05), rel=1e-9)


def test_curves_steps_and_classes_agree_with_each_other(finished):
    _, done = finished
    record = done.record
    loss, errors = record.panels
    lines = {line.label: line for line in loss.lines}
    assert list(lines) == [
        "NTK, training", "NTK, test", "last layer (NNGP), training", "last layer (NNGP), test",
    ]  # fmt: skip
    train = lines["NTK, training"]
    assert train.y[0] == pytest.approx(0.5 * 0.9)  # half the square of a centred one-hot row
    assert np.all(np.diff(train.y) < 0.0)
    half = next(steps for share, steps, _ in record.kernels[0].goals if share == 0.5)
    assert np.interp(half, train.x, train.y) <= 0.5 * train.y[0] * 1.02
    assert record.kernels[0].goals[-1][1:] == (None, np.inf)  # the ridge forbids an exact fit
    ends = {line.label: line.y[-1] for line in errors.lines}
    assert ends["NTK, training"] == 1.0 - record.kernels[0].scores["train_accuracy"]
    assert ends["NTK, test"] == 1.0 - record.kernels[0].scores["test_accuracy"]
    counts = np.array([row[1] for row in record.class_rows])
    shares = np.array([row[2] for row in record.class_rows])
    assert counts.sum() == 30
    expected = record.kernels[0].scores["test_accuracy"]
    assert counts @ shares / 30 == pytest.approx(expected)
    assert 0.0 < record.calibration["noise"] < 0.1
    assert record.calibration["test_log_likelihood"] > record.calibration["baseline_log_likelihood"]
    assert 0.8 < record.calibration["coverage_0.95"] <= 1.0


def test_a_record_survives_the_disk(finished, tmp_path):
    record = finished[1].record
    record.save(tmp_path)
    again = KernelRecord.load(tmp_path)
    for field in dataclasses.fields(again):
        if field.name not in ("panels", "heat_map"):
            assert getattr(again, field.name) == getattr(record, field.name), field.name
    assert again.heat_map.groups == record.heat_map.groups
    np.testing.assert_array_equal(again.heat_map.values, record.heat_map.values)
    for ours, theirs in zip(again.panels, record.panels, strict=True):
        for one, other in zip(ours.lines, theirs.lines, strict=True):
            np.testing.assert_array_equal(one.y, other.y)


def test_the_heat_map_averages_cells_of_one_class():
    samples = load_samples(KernelSpec.parse({"classes": (0, 1), "samples": 30}))
    rng = np.random.default_rng(0)
    features = rng.standard_normal((len(samples.x), 5))
    found = heat_map("NTK", features @ features.T, samples)
    assert found.groups == ("0", "1")
    unit = features / np.linalg.norm(features, axis=1)[:, None]
    order = np.argsort(samples.prepared.labels, kind="stable")
    # Fewer samples than cells: every sample is a cell of its own.
    np.testing.assert_allclose(found.values, (unit @ unit.T)[np.ix_(order, order)], atol=1e-12)
    assert found.edges[1] == np.sum(samples.prepared.labels == 0)


def test_a_regression_has_errors_and_no_classes(tmp_path):
    spec = KernelSpec.parse(
        {"data": "diabetes", "samples": 40, "network": "shallow", "kernel": "nngp",
         "observation_noise": 0.3, "compare_width": 64, "compare_steps": 5,
         "labels": "standardised"}
    )  # fmt: skip
    record = sf.workflows.kernel(spec, tmp_path).record
    assert set(record.kernels[0].scores) == {"train_rmse", "test_rmse"}
    assert record.class_rows == ()
    assert record.heat_map.groups == tuple(f"quarter {i}" for i in (1, 2, 3, 4))
    assert record.calibration["noise"] == 0.3 and record.calibration["amplitude"] == 1.0
    (panel,) = record.panels
    lines = {line.label: line for line in panel.lines}
    measured = lines["trained network, training"]
    predicted = lines["NTK with its step size, training"]
    assert measured.x[-1] == record.comparison["steps"] == 5.0
    assert measured.y[0] == pytest.approx(predicted.y[0])  # it starts at output 0
    gap = np.max(np.abs(measured.y - predicted.y)) / predicted.y[0]
    assert record.comparison["loss_deviation"] == pytest.approx(gap)
    assert 0.0 < record.comparison["test_deviation"] < 2.0


NETWORKS = [
    {"network": "shallow", "activation": "tanh", "bias_std": 0.5},
    {"network": "fc", "activation": "gelu", "depth": 3},
    {"network": "resnet", "depth": 4, "tau": "1/L"},
    {"network": "cnn", "depth": 2},
    {"network": "cnn", "depth": 1, "pooling": "average"},
    {"network": "implicit"},
]


def built(values):
    spec = KernelSpec.parse(values)
    shape = (4, 4, 1) if spec.network == "cnn" else (6,)
    x = np.random.default_rng(1).standard_normal((3, *shape))
    x /= np.linalg.norm(x.reshape(3, -1), axis=1).reshape(3, *(1,) * len(shape))
    return build_network(spec, 2, shape, 8), jnp.asarray(x)


@pytest.mark.parametrize("values", NETWORKS, ids=lambda values: "-".join(map(str, values.values())))
def test_networks_of_any_kind_are_built(values):
    network, x = built(values)
    params = jax.eval_shape(lambda: network.init(jax.random.key(0), x.shape[1:]))
    assert jax.eval_shape(network.apply, params, x).shape == (3, 2)
    trained = jax.tree.leaves(network.trainable(params))
    assert trained and all(trained)


def test_branches_of_rectifiers_have_the_size_of_their_input():
    network, x = built({"network": "resnet", "depth": 4, "tau": "1/L"})
    kernel = sf.limit_kernel(network, x)
    np.testing.assert_allclose(np.diag(kernel.nngp), (1 + 1 / 16) ** 4, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("values", NETWORKS, ids=lambda values: "-".join(map(str, values.values())))
def test_networks_of_any_kind_have_a_limit(values):
    network, x = built(values)
    kernel = sf.limit_kernel(network, x)
    assert np.linalg.eigvalsh(np.asarray(kernel.ntk))[0] > 0.0


def test_a_filter_larger_than_the_image_is_refused():
    with pytest.raises(InvalidInputError, match=r"window of 5 on examples of shape \(4, 4\)"):
        built({"network": "cnn", "window": 5})


@pytest.mark.slow
def test_the_whole_digits_at_depth_ten(tmp_path):
    spec = KernelSpec.parse({"network": "resnet", "depth": 10})
    record = sf.workflows.kernel(spec, tmp_path).record
    assert record.holds is True
    assert record.kernels[0].scores["test_accuracy"] > 0.97
