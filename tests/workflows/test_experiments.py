import csv
import dataclasses
import json
import struct

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.core.experiment import ExperimentRecord
from surefit.errors import InvalidInputError, StorageError, UnknownNameError
from surefit.runs.experiments import EXPERIMENT_SPECS, Gao2022Spec
from surefit.workflows.experiments import EXPERIMENTS, run
from surefit.workflows.experiments.feature_gram import limit_ends
from surefit.workflows.experiments.gao_2022_checks import gao_2022_checks, norm_interval
from surefit.workflows.experiments.two_classes import two_classes
from surefit.workflows.experiments.watching import largest_singular_value
from surefit.workflows.experiments.width_run import WidthRun, run_width

SMALL = {"widths": (16, 32), "samples_per_class": 8, "epochs": 12}


class Ear(sf.workflows.Listener):
    def __init__(self):
        self.stages = []

    def stage(self, message):
        self.stages.append(message)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return run("gao2022", out, **SMALL), out


def test_every_experiment_has_a_spec_of_its_name():
    assert {name: kind.spec for name, kind in EXPERIMENTS.entries().items()} == EXPERIMENT_SPECS


def test_an_experiment_leaves_curves_a_table_and_checks(finished):
    done, _ = finished
    record = ExperimentRecord.load(done.directory)
    assert [panel.name for panel in record.panels] == ["train_loss", "test_loss", "operator_norm"]
    for panel in record.panels:
        assert [line.label for line in panel.lines] == ["width 16", "width 32"]
        for line in panel.lines:
            np.testing.assert_array_equal(line.x, np.arange(13))
            assert np.isfinite(line.y).all()
    for line in record.panels[0].lines:
        assert line.y[-1] < line.y[0]
    assert len(record.rows) == 2
    assert record.holds in (True, False)
    names = [check.name for check in record.checks]
    assert sum("against" in name for name in names) == 1
    assert sum("largest change" in name for name in names) == 2
    with (done.directory / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["panel", "line", "x", "y"]
    assert len(rows) == 1 + 3 * 2 * 13
    again = ExperimentRecord.load(done.directory)
    assert again.checks == done.record.checks
    assert "initial output" in record.choices
    assert "--widths 16 32" in record.command


def test_a_finished_experiment_is_found_again(finished):
    done, out = finished
    again = run("gao2022", out, **SMALL)
    assert again.reused
    assert again.directory == done.directory


def test_the_training_error_is_that_of_plain_gradient_descent(finished):
    done, _ = finished
    spec = Gao2022Spec.parse(SMALL)
    data = two_classes((), (0, 1), 8, labels="zero_one", noise=0.0, seed=0)
    problem = sf.Problem(sf.models.implicit_relu(16, 0.1), data.train.vectors, data.train.y)
    params = problem.init(spec.seed)
    step = done.record.rows[0][1]
    start = np.asarray(problem.predict(params))
    with jax.enable_x64(True):

        def loss(params):
            outputs = problem.network.apply(params, problem.x) - start
            return 0.5 * ((outputs - problem.y) ** 2).sum()

        errors = []
        for _ in range(4):
            errors.append(2 * float(loss(params)) / 16)
            params = jax.tree.map(lambda p, g: p - step * g, params, jax.grad(loss)(params))
    # The equilibria of the experiment are solved to 1e-8.
    np.testing.assert_allclose(done.record.panels[0].lines[0].y[:4], errors, rtol=1e-6)


def test_an_interrupted_experiment_goes_on(tmp_path, finished):
    class Stop(Ear):
        def stage(self, message):
            super().stage(message)
            if "Width 32: 12 epochs" in message:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("gao2022", tmp_path, listener=Stop(), **SMALL)
    assert not list(tmp_path.glob("gao2022*"))
    ear = Ear()
    done = run("gao2022", tmp_path, listener=ear, **SMALL)
    assert not any("Width 16" in stage for stage in ear.stages)
    for ours, theirs in zip(done.record.panels, finished[0].record.panels, strict=True):
        for one, other in zip(ours.lines, theirs.lines, strict=True):
            np.testing.assert_array_equal(one.y, other.y)


def test_an_interruption_while_training_is_a_status(tmp_path):
    class Stop(Ear):
        def training(self, step, steps, values):
            if step >= 4:
                raise KeyboardInterrupt

    spec = Gao2022Spec.parse({**SMALL, "widths": (16,)})
    data = two_classes((), (0, 1), 8, labels="zero_one", noise=0.0, seed=0)
    assert run_width(spec, 16, data, tmp_path, Stop()) is None
    resumed = run_width(spec, 16, data, tmp_path, Ear())
    (tmp_path / "other").mkdir()
    whole = run_width(spec, 16, data, tmp_path / "other", Ear())
    np.testing.assert_array_equal(resumed.train_error, whole.train_error)


def test_a_step_that_is_too_long_is_a_check_that_fails(tmp_path):
    done = run("gao2022", tmp_path, **{**SMALL, "widths": (16,), "step_size": 10.0})
    assert done.record.holds is False
    assert "training at width 16 is stable" in done.record.verdict


def width_run(width, error, norms):
    times = np.arange(len(norms), dtype=float)
    norm = np.stack([times, np.asarray(norms)])
    series = np.stack([times, np.linspace(1.0, error, len(norms))])
    return WidthRun(width, 0.1, 3.0, 0.1, 1.0, 0.0, "", series, series, norm)


def test_checks_fail_where_a_claim_fails():
    good = [width_run(500, 0.3, [0.1982, 0.1982]), width_run(1000, 0.2, [0.1980, 0.1980])]
    assert all(check.holds for check in gao_2022_checks(good, 0.1))

    def failing(runs):
        return [check.name for check in gao_2022_checks(runs, 0.1) if check.holds is False]

    assert failing(good[::-1]) == ["training error at the end, width 500 against 1000"]
    moved = dataclasses.replace(good[0], norm=np.array([[0.0, 1.0], [0.1982, 0.1984]]))
    assert failing([moved]) == ["largest change of the scaled operator norm, width 500"]
    large = dataclasses.replace(good[0], norm=np.array([[0.0, 1.0], [0.21, 0.21]]))
    assert failing([large]) == ["scaled operator norm at the start, width 500, from above"]


@pytest.mark.parametrize("width", [20, 60])
def test_the_norm_of_gaussian_matrices_lies_in_its_interval(width):
    rng = np.random.default_rng(0)
    low, high = norm_interval(0.5, width)
    norms = [
        0.5 / np.sqrt(width) * np.linalg.norm(rng.normal(size=(width, width)), 2)
        for _ in range(200)
    ]
    # Four standard deviations: one draw in thousands is outside. The mean is where it should be,
    # to four standard errors and the error 1/m of the asymptotic law.
    assert sum(not low <= norm <= high for norm in norms) <= 2
    centre, spread = (low + high) / 2, (high - low) / 8
    assert abs(np.mean(norms) - centre) < 4 * spread / np.sqrt(200) + 0.5 / width
    assert np.std(norms) == pytest.approx(spread, rel=0.35)


def test_the_readings_of_the_paper_lie_in_the_interval():
    for width, reading in ((500, 0.1982), (1000, 0.1980), (2000, 0.1990), (4000, 0.1993)):
        low, high = norm_interval(0.1, width)
        assert low < reading < high


@pytest.mark.parametrize("shape", [(5, 5), (300, 300), (40, 90)])
def test_the_largest_singular_value(shape):
    matrix = np.random.default_rng(1).normal(size=shape)
    with jax.enable_x64(True):
        found = jax.jit(largest_singular_value)(jax.numpy.asarray(matrix))
    assert float(found) == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-10)


def test_the_limit_of_the_features_of_orthonormal_inputs():
    smallest, largest = limit_ends(np.eye(4))
    assert smallest == pytest.approx(0.5 - 0.5 / np.pi, rel=1e-12)
    assert largest == pytest.approx(0.5 + 1.5 / np.pi, rel=1e-12)


def test_training_and_test_samples_are_different_ones():
    data = two_classes((), (0, 1), 120, labels="plus_minus_one", noise=0.0, seed=3)
    assert data.train.x.shape == (240, 64)
    assert data.test_per_class == 58
    assert np.abs(data.train.vectors @ data.x_test.T).max() < 1.0 - 1e-9
    np.testing.assert_allclose(np.linalg.norm(data.x_test, axis=1), 1.0, rtol=1e-14)
    assert sorted(set(data.y_test.ravel())) == [-1.0, 1.0]
    other = two_classes((), (0, 1), 120, labels="plus_minus_one", noise=0.0, seed=4)
    assert not np.array_equal(np.sort(data.train.rows), np.sort(other.train.rows))


def _idx(path, array):
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def _images(directory, part, count, seed):
    rng = np.random.default_rng(seed)
    _idx(directory / f"{part}-images-idx3-ubyte", rng.integers(1, 255, (count, 4, 4)))
    _idx(directory / f"{part}-labels-idx1-ubyte", np.arange(count) % 3)


def test_image_files_by_directory(tmp_path):
    _images(tmp_path, "t10k", 60, 0)
    alone = Gao2022Spec.parse({**SMALL, "data_dir": str(tmp_path)})
    data = two_classes(alone.images, (0, 2), 8, labels="zero_one", noise=0.0, seed=0)
    assert data.train.x.shape == (16, 16)
    assert data.test_per_class == 8
    _images(tmp_path, "train", 90, 1)
    both = Gao2022Spec.parse({**SMALL, "data_dir": str(tmp_path)})
    assert [path.name[:5] for path in both.images] == ["train", "t10k-"]
    assert both.run_id != alone.run_id
    data = two_classes(both.images, (0, 2), 20, labels="zero_one", noise=0.0, seed=0)
    assert data.test_per_class == 20
    # The directory is not part of what was done, the content is.
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in list(tmp_path.glob("*ubyte")):
        path.rename(moved / path.name)
    again = Gao2022Spec.parse({**SMALL, "data_dir": str(moved)})
    assert again.run_id == both.run_id
    assert str(moved) not in again.canonical_json()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gamma": 0}, "`Gao2022Spec(gamma=...)` must be a finite number above 0. Got 0"),
        ({"widths": (64, 32)}, "in increasing order"),
        ({"widths": ()}, "in increasing order"),
        ({"widths": "64"}, "in increasing order"),
        ({"classes": (0, 1, 2)}, "must be two classes"),
        ({"tolerance": 1.5}, "must be below 1"),
        ({"data_dir": "nowhere"}, "must be a directory that exists. Got 'nowhere'"),
        ({"data_dir": "."}, "must hold train-images-idx3-ubyte or t10k-images-idx3-ubyte"),
        ({"epoch": 3}, "Did you mean `epochs`"),
        ({"seed": -1}, "from 0 to 4294967295"),
    ],
)
def test_faults_of_fields_are_explained(fields, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        run("gao2022", tmp_path / "runs", **fields)
    assert words in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("count", "words"),
    [(178, "must leave test samples. Got 178"), (179, "must be at most 178")],
)
def test_too_few_samples(count, words, tmp_path):
    with pytest.raises(InvalidInputError, match=words):
        run("gao2022", tmp_path, samples_per_class=count, widths=(4,), epochs=1)
    assert not list(tmp_path.glob("gao2022*"))


def test_unknown_names_and_foreign_directories(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'gao2022'"):
        run("gao2021", tmp_path)
    (tmp_path / "result.json").write_text(json.dumps({"schema": 1}), encoding="utf-8")
    with pytest.raises(StorageError, match="must hold an experiment of schema"):
        ExperimentRecord.load(tmp_path)
