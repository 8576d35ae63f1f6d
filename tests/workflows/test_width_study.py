"""The width study: powers of exact data, a tiny run, a draw by formulas, the laws themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.experiment import ExperimentRecord
from surefit.errors import InvalidInputError, MemoryLimitError
from surefit.runs.experiments import AllenZhu2019WidthSpec
from surefit.theory.deep.limit import layer_kernels
from surefit.workflows.experiments import run
from surefit.workflows.experiments.width_study_checks import (
    LAWS,
    fit_power,
    fit_powers,
    width_study_checks,
)
from surefit.workflows.experiments.width_study_draw import (
    Draw,
    limit_distance,
    operator_norm,
    run_draw,
)

NAME = "allen_zhu2019_width"
TINY = {"widths": (8, 16, 24), "repeats": 2, "samples": 6, "depth": 1, "steps": 3}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(NAME, tmp_path_factory.mktemp("runs"), **TINY)


def draws(kernel, operator, frobenius, scatter=0.0, loss=(2.0, 1.0), complaint=""):
    """Two draws per width that follow powers exactly, up to a factor between the two."""
    made = []
    for m in (64, 256, 1024):
        for sign in (-1.0, 1.0):
            factor = np.exp(sign * scatter)
            made.append(
                Draw(m, factor * 3.5 * m**kernel, 0.1, np.array([0.0, 2.0 * m**frobenius]),
                     m**operator, 2.0 * m**-0.5, np.array(loss), complaint)
            )  # fmt: skip
    return made


def test_powers_of_exact_data_are_found():
    powers = fit_powers(draws(-0.5, -0.4, -0.7))
    assert [powers[key].slope for key in LAWS] == pytest.approx([-0.5, -0.4, -0.7])
    assert powers["kernel"].constant == pytest.approx(3.5)
    assert max(power.half_width for power in powers.values()) < 1e-9


def test_the_error_of_a_slope_is_that_of_many_draws():
    rng, m = np.random.default_rng(0), np.repeat([64.0, 256.0, 1024.0], 4)
    found = [fit_power(m, m**-0.5 * np.exp(0.3 * rng.normal(size=12))) for _ in range(400)]
    slopes, errors = [p.slope for p in found], [p.error for p in found]
    # The deviation of 400 slopes is known to 1 / sqrt(800) = 3.5 %: four of these.
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(slopes), rel=0.15)


@pytest.mark.parametrize(
    ("powers", "scatter", "verdicts"),
    [
        ((-0.5, -0.5, -0.5), 0.0, [True, True, True]),
        ((-0.41, -0.59, -0.5), 0.0, [True, True, True]),
        ((-0.39, -0.61, 0.0), 0.0, [False, False, False]),
        # Two draws that differ by a factor of e^2 say nothing about the power.
        ((-0.5, -0.5, -0.5), 1.0, [None, True, True]),
    ],
)
def test_powers_are_held_against_one_half(powers, scatter, verdicts):
    checks = width_study_checks(draws(*powers, scatter=scatter))
    assert [check.holds for check in checks] == [*verdicts, True]
    assert "two standard errors" in checks[0].note


def test_nothing_is_known_of_the_power_of_weights_that_do_not_move():
    still = draws(-0.5, -0.5, -0.5)
    still[0] = Draw(64, 1.0, 0.1, np.zeros(2), 0.0, 0.0, np.array([2.0, 1.0]))
    assert [check.holds for check in width_study_checks(still)][1:] == [None, None, True]


def test_a_loss_that_grows_and_a_run_that_diverges_fail():
    assert width_study_checks(draws(-0.5, -0.5, -0.5, loss=(1.0, 1.5)))[-1].holds is False
    (*_, last) = width_study_checks(draws(-0.5, -0.5, -0.5, complaint="It blew up."))
    assert last.holds is False
    assert last.note == "It blew up."


def test_the_distance_of_a_linear_model_is_that_of_its_descent():
    rng = np.random.default_rng(0)
    jacobian, residual, step, w = rng.normal(size=(5, 9)), rng.normal(size=5), 0.02, np.zeros(9)
    for _ in range(7):
        w = w - step * jacobian.T @ (residual + jacobian @ w)
    found = limit_distance(jacobian @ jacobian.T, residual, step, 7)
    assert found == pytest.approx(np.linalg.norm(w), rel=1e-12)
    # A singular kernel moves nothing along its null vectors.
    assert limit_distance(np.zeros((5, 5)), residual, step, 7) == 0.0


def test_the_operator_norm_is_the_largest_singular_value_of_the_layers():
    rng = np.random.default_rng(1)
    before = [jnp.asarray(rng.normal(size=s)) for s in ((4, 7), (7, 7), (3, 3))]
    after = [before[0] + rng.normal(size=(4, 7)), before[1] + rng.normal(size=(7, 7)), before[2]]
    expected = max(np.linalg.norm(np.asarray(b - a), 2) for a, b in zip(before, after, strict=True))
    assert operator_norm(before, after) == pytest.approx(expected, rel=1e-6)
    assert operator_norm(before, before) == 0.0


def test_a_tiny_experiment_leaves_curves_table_and_checks(finished):
    record = ExperimentRecord.load(finished.directory)
    assert [panel.name for panel in record.panels] == [*LAWS, "along_the_run"]
    assert [row[:2] for row in record.rows] == [(8, 2), (16, 2), (24, 2)]
    reference = record.panels[0].lines[-1]
    assert fit_power(reference.x, reference.y).slope == pytest.approx(-0.5)
    assert "the law is m^(-1/2)" in record.verdict
    assert record.command == (
        "surefit experiment allen_zhu2019_width --widths 8 16 24 --repeats 2 --samples 6 --depth 1 "
        "--steps 3"
    )
    for name in ("table.csv", "curves.csv", "result.json"):
        assert (finished.directory / name).is_file()
    page = sf.report.write_experiment(finished.directory).read_text(encoding="utf-8")
    assert "Movement along the run" in page


def test_a_draw_is_what_plain_descent_gives(tmp_path):
    """Two layers: the kernel by its recursion and its Jacobian, the movement step by step."""
    data = sf.data.prepare(
        sf.data.load("digits"), ("append_coordinate",), classes=(0, 1), samples=6,
        labels="plus_minus_one", shuffle=True,
    )  # fmt: skip
    spec = AllenZhu2019WidthSpec.parse({**TINY, "depth": 2})
    draw = run_draw(spec, 24, 0, (data.x, data.y), tmp_path, sf.workflows.Listener())
    problem = sf.Problem(sf.models.fully_connected(24, 2), data.x, data.y)
    a, _, w1, _, w2, _, b = problem.init(0)
    params = tuple(np.asarray(layer["w"]) for layer in (a, w1, w2, b))

    def outputs(w1, w2):
        h = jax.nn.relu(jnp.asarray(data.x) @ params[0].T)
        return (jax.nn.relu(jax.nn.relu(h @ w1.T) @ w2.T) @ params[3].T)[:, 0]

    j = jax.jacobian(outputs, (0, 1))(*params[1:3])
    j = np.concatenate([np.asarray(leaf).reshape(6, -1) for leaf in j], axis=1)
    gram, limit = j @ j.T, 24 / 2 * layer_kernels(data.x, 2).total
    error = np.linalg.norm(gram - limit) / np.linalg.norm(limit)
    assert draw.kernel_error == pytest.approx(error, rel=1e-9)
    step, now = 1.0 / np.linalg.eigvalsh(gram)[-1], params[1:3]
    for _ in range(3):
        _, pull = jax.vjp(outputs, *now)
        gradient = pull(outputs(*now) - data.y[:, 0])
        now = tuple(w - step * g for w, g in zip(now, gradient, strict=True))
    moved = [np.asarray(after) - before for after, before in zip(now, params[1:3], strict=True)]
    frobenius = np.sqrt(sum(np.sum(change**2) for change in moved))
    operator = max(np.linalg.norm(change, 2) for change in moved)
    assert draw.frobenius == pytest.approx(frobenius, rel=1e-9)
    assert draw.operator == pytest.approx(operator, rel=1e-6)


def test_draws_that_are_done_are_read_again(tmp_path, monkeypatch, finished):
    from surefit.workflows.experiments import width_study_draw

    original, calls = width_study_draw.train, []

    def interrupted_at_the_fourth(*arguments, **options):
        calls.append(arguments)
        trained, trajectory = original(*arguments, **options)
        if len(calls) == 4:
            status = sf.core.trajectory.Status.INTERRUPTED
            return trained, type(trajectory)(**{**vars(trajectory), "status": status})
        return trained, trajectory

    monkeypatch.setattr(width_study_draw, "train", interrupted_at_the_fourth)
    assert run(NAME, tmp_path, **TINY).record is None
    again = run(NAME, tmp_path, **TINY).record
    assert again.rows == finished.record.rows
    # Three were kept, three were still to be made.
    assert len(calls) == 4 + 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"widths": (16, 32)}, "list three or more whole numbers of at least 2"),
        ({"widths": (32, 16, 8)}, "in increasing order"),
        ({"repeats": 0}, "be a whole number of at least 1"),
        ({"classes": (3, 3)}, "list two different class labels"),
    ],
)
def test_faults_of_the_spec_are_explained(fields, words):
    with pytest.raises(InvalidInputError) as caught:
        AllenZhu2019WidthSpec.parse(fields)
    assert words in str(caught.value)


def test_what_does_not_fit_is_refused_before_it_is_allocated(tmp_path):
    with pytest.raises(MemoryLimitError) as caught:
        run(NAME, tmp_path, widths=(8, 16, 4_000_000))
    assert "Use smaller --widths or a smaller --depth." in str(caught.value)


@pytest.mark.slow
def test_the_laws_of_the_width_on_digits(tmp_path):
    """Widths 128 to 4096: all three powers are -1/2 to within 0.1."""
    record = run(NAME, tmp_path).record
    assert record.holds is True, record.verdict
