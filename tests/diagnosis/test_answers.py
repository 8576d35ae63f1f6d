"""The five answers against formulas, dense matrices and plain loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import surefit as sf


def linear(w, x):
    return x @ w


def tanh(params, x):
    return jnp.tanh(x @ params["w"]) @ params["v"]


def wide(width=64, inputs=4, outputs=None, seed=0):
    draw = np.random.default_rng(seed)
    shape = (width,) if outputs is None else (width, outputs)
    return {
        "w": jnp.asarray(draw.standard_normal((inputs, width))),
        "v": jnp.asarray(draw.standard_normal(shape) / np.sqrt(width)),
    }


def points(n=8, inputs=4, seed=1):
    x = np.random.default_rng(seed).standard_normal((n, inputs))
    return x, np.sin(x[:, 0])


def dense_kernel(f, params, x):
    rows = jax.jacobian(lambda p: f(p, jnp.asarray(x)).reshape(-1))(params)
    rows = np.concatenate([np.asarray(r).reshape(r.shape[0], -1) for r in jax.tree.leaves(rows)], 1)
    return rows @ rows.T


def test_the_spectrum_is_that_of_the_jacobian():
    x, y = points()
    found = sf.diagnose(tanh, wide(), x, y).fit
    values = np.linalg.eigvalsh(dense_kernel(tanh, wide(), x))
    assert found.holds is True and found.verdict.startswith("Yes")
    assert (
        found.smallest.lower <= values[0] * (1 + 1e-9) and values[0] <= found.smallest.upper + 1e-9
    )
    assert found.largest.value == pytest.approx(values[-1])
    assert found.condition == pytest.approx(values[-1] / values[0], rel=1e-6)
    assert (found.parameters, found.residuals, found.rank) == (4 * 64 + 64, 8, 8)
    ridge = values[-1] / 100
    assert found.directions[100] == pytest.approx(np.sum(values / (values + ridge)))


def test_fewer_parameters_than_residuals():
    x, y = points(9)
    found = sf.diagnose(linear, jnp.zeros(4), x, y)
    assert found.fit.holds is False and "4 parameters move and 9 residuals" in found.fit.verdict
    assert found.fit.rank == 4
    least = 0.5 * np.linalg.lstsq(x, y)[1][0]
    last = found.horizon.reached[-1]
    assert last.steps is None and last.answer.startswith(f"never: a loss of {least:.3g} lies")


def test_conflicting_and_equal_rows_are_named():
    x, y = points()
    x[5], x[7] = x[2], x[3]
    y[7] = y[3]
    found = sf.diagnose(tanh, wide(), x, y).fit
    assert found.conflicts == ((2, 5),) and found.duplicates == ((3, 7),)
    assert found.holds is False and "rows 2 and 5 are equal inputs" in found.verdict
    y[5] = y[2]
    found = sf.diagnose(tanh, wide(), x, y).fit
    assert (
        found.holds is None
        and "2 eigenvalues of the tangent kernel cannot be told" in found.verdict
    )


def three_equal(loss):
    """Rows 1, 2 and 5 are equal, with targets a, a and b."""
    x, y = points()
    x[2], x[5] = x[1], x[1]
    if loss == "cross_entropy":
        y = np.array([0, 1, 1, 0, 1, 0, 1, 0])
    elif loss == "mean_logistic":
        y = np.array([-1.0, 1, 1, -1, 1, -1, 1, -1])
    else:
        y[2] = y[1]
    return x, y


@pytest.mark.parametrize(
    ("loss", "shown"),
    [("mean_squared", None), ("cross_entropy", "1, 1 and 0"), ("mean_logistic", "1, 1 and -1")],
)
def test_conflicting_rows_force_a_loss_that_is_said(loss, shown):
    x, y = three_equal(loss)
    outputs = 2 if loss == "cross_entropy" else 1
    found = sf.diagnose(
        lambda p, x: tanh(p, x)[:, None] * jnp.ones((1, outputs)), wide(), x, y, loss=loss,
        target_losses=[1e9, 1e-3],
    )  # fmt: skip
    # By descent on free outputs for the three rows.
    group = np.array([1, 2, 5])
    if loss == "mean_squared":
        least = np.sum((y[group] - y[group].mean()) ** 2) / 8
        shown = ", ".join(f"{v:.4g}" for v in y[group[:2]]) + f" and {y[5]:.4g}"
    else:
        odds = scipy.optimize.minimize_scalar(
            lambda f: 2 * np.log1p(np.exp(-f)) + np.log1p(np.exp(f)), bounds=(-5, 5)
        )
        least = odds.fun / (8 if loss == "mean_logistic" else 1)
    assert found.fit.forced == pytest.approx(least, rel=1e-6)
    sentence = f"rows 1, 2 and 5 are equal inputs with different targets, {shown}"
    assert f"No: {sentence}; no function fits them all" in found.fit.verdict
    assert f"the loss stays at {found.fit.forced:.4g} or above" in found.fit.verdict
    first, last = found.horizon.reached
    assert first.steps == 0
    assert last.steps is None and last.answer.startswith(f"never: {sentence}")


def test_without_conflicts_nothing_is_forced():
    x, y = points()
    found = sf.diagnose(tanh, wide(), x, y, target_losses=[1e-300])
    assert found.fit.forced == 0.0
    assert "rows" not in found.horizon.reached[0].answer


def test_a_loss_whose_least_value_is_not_known_is_named_without_it():
    x, y = three_equal("huber")
    found = sf.diagnose(tanh, wide(), x, y, loss="huber").fit
    assert found.forced is None and "no function fits them all." in found.verdict


def test_in_float32_small_eigenvalues_are_not_pretended_to_be_known():
    x, y = points()
    x[1] = x[0] + 1e-4

    def narrow(params, x):
        params = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), params)
        return tanh(params, x.astype(jnp.float32))

    double, single = (sf.diagnose(f, wide(), x, y) for f in (tanh, narrow))
    assert (double.precision, single.precision) == ("float64", "float32")
    assert double.fit.holds is True
    assert single.fit.holds is None and "in float32" in single.fit.verdict
    assert single.fit.smallest.error >= 1e-7 * single.fit.largest.value
    assert any("computes in float32" in remark for remark in single.remarks)
    assert single.step.safe == pytest.approx(double.step.safe, rel=1e-3)


@pytest.mark.parametrize(("loss", "factor"), [("mean_squared", 2 / 8)])
def test_curvatures_are_those_of_the_dense_hessian(loss, factor):
    x, y = points()
    params = wide(16)
    found = sf.diagnose(tanh, params, x, y, loss=loss).step
    top = np.linalg.eigvalsh(dense_kernel(tanh, params, x))[-1] * factor
    assert found.gauss_newton.value == pytest.approx(top)
    flat, back = jax.flatten_util.ravel_pytree(params)

    def objective(theta):
        return factor * 0.5 * jnp.sum((tanh(back(theta), jnp.asarray(x)) - jnp.asarray(y)) ** 2)

    values = np.linalg.eigvalsh(np.asarray(jax.hessian(objective)(flat)))
    assert found.sharpness.value == pytest.approx(values[-1], rel=2e-3)
    assert found.most_negative.upper >= values[0] - 1e-9
    assert found.limit == pytest.approx(2 / top, rel=1e-6)
    assert found.safe == pytest.approx(1 / max(top, values[-1]), rel=5e-3)


def test_cross_entropy_has_the_hessian_of_the_softmax():
    x, _ = points(7)
    y = np.array([0, 1, 2, 0, 1, 2, 2])
    w = jnp.asarray(np.random.default_rng(3).standard_normal((4, 3)))

    def objective(theta):
        return -jnp.sum(jax.nn.log_softmax(jnp.asarray(x) @ theta.reshape(4, 3), axis=1)[
            jnp.arange(7), jnp.asarray(y)])  # fmt: skip

    top = np.linalg.eigvalsh(np.asarray(jax.hessian(objective)(w.reshape(-1))))[-1]
    found = sf.diagnose(linear, w, x, y, loss="cross_entropy", target_losses=[4.0, 1e-9])
    # The model is linear: the Hessian is its Gauss-Newton part.
    assert found.step.gauss_newton.value == pytest.approx(top, rel=1e-3)
    assert found.step.sharpness.value == pytest.approx(top, rel=1e-3)
    assert found.lazy.holds is True and found.lazy.probe.gap < 1e-9
    theta, steps = w.reshape(-1), 0
    gradient = jax.jit(jax.grad(objective))
    while objective(theta) > 4.0:
        theta, steps = theta - found.horizon.step_size * gradient(theta), steps + 1
    assert found.horizon.reached[0].steps == steps > 0
    assert found.horizon.reached[1].steps is None
    assert "that were followed" in found.horizon.reached[1].answer


@pytest.mark.parametrize("factor", [0.3, 1.0, 1.8])
def test_steps_to_a_loss_are_those_of_a_plain_loop(factor):
    x, y = points(4)
    w = jnp.asarray([0.3, -0.2, 0.1, 0.5])
    step = factor / np.linalg.eigvalsh(x @ x.T)[-1]
    found = sf.diagnose(linear, w, x, y, step_size=step, target_losses=[0.05, 1e-5, 1e3]).horizon
    for reached in found.reached:
        theta, steps = np.asarray(w), 0
        while 0.5 * np.sum((x @ theta - y) ** 2) > reached.loss:
            theta, steps = theta - step * x.T @ (x @ theta - y), steps + 1
        assert reached.steps == steps
    values, vectors = np.linalg.eigh(x @ x.T)
    residual = x @ np.asarray(w) - y
    share = (vectors[:, 0] @ residual) ** 2 / np.sum(residual**2)
    assert found.slowest[0] == pytest.approx((values[0], share))


def test_steps_beyond_the_limit_diverge():
    x, y = points(4)
    found = sf.diagnose(linear, jnp.zeros(4), x, y, step_size=10.0).horizon
    assert all(reached.steps is None for reached in found.reached)
    assert "diverge" in found.verdict


def test_on_a_part_of_the_samples_bounds_hold_and_the_report_says_so():
    x, y = points(60)
    step = 1e-4
    whole, part = (sf.diagnose(tanh, wide(), x, y, step_size=step, samples=s) for s in (None, 20))
    assert part.fit.samples == 20 and "20 of 60 samples" in " ".join(part.remarks)
    assert part.step.gauss_newton.value == pytest.approx(whole.step.gauss_newton.value, rel=2e-3)
    assert part.fit.smallest.upper >= whole.fit.smallest.lower
    assert whole.horizon.exact and len(whole.horizon.reached) == 4 and step < whole.step.safe
    for exact, bound in zip(whole.horizon.reached, part.horizon.reached, strict=True):
        assert bound.steps <= exact.steps
        if " to " in bound.answer:
            assert exact.steps <= int(bound.answer.split(" to ")[1])


def test_quadrature_brackets_the_loss_where_the_space_is_small():
    from surefit.core.spectrum import SymmetricOperator
    from surefit.diagnosis.modes import krylov_modes
    from surefit.function_space.curves import loss_of
    from surefit.function_space.filters import Descent

    values = np.geomspace(1e-4, 1.0, 80)
    residual = np.random.default_rng(0).standard_normal(80)
    op = SymmetricOperator(lambda v: values * v, 80)
    below = krylov_modes(op, residual, 8, 1e-14)
    loose = 0
    for steps in (1, 10, 100, 1000, 10_000):
        descent = Descent(steps, 1.0)
        low, exact, high = (
            loss_of(descent, v, w)
            for v, w in (
                (below.values, below.weights),
                (values, residual**2),
                (below.above.values, below.above.weights),
            )
        )
        assert low <= exact * (1 + 1e-9) and exact <= high * (1 + 1e-9)
        loose += high > 1.01 * low
    assert loose >= 2  # otherwise nothing was bracketed


@pytest.mark.slow
def test_laziness_is_measured_as_the_workflow_does():
    x, y = points(6)
    problem = sf.Problem(sf.models.shallow(64), x / np.linalg.norm(x, axis=1)[:, None], y)
    start = problem.init(0)
    method = sf.GradientDescent(0.05)
    run = sf.workflows.lazy(problem, start, method, steps=40, every=40)
    after, _ = sf.train(problem, start, method, steps=40)
    seen = sf.diagnose(problem.network, start, problem.x, y, trained=after).lazy
    # The gap there is to the linearised run, here to the linearisation at the same weights.
    assert seen.measured.drift == pytest.approx(run.network["kernel_drift"].last, rel=1e-6)
    assert seen.measured.distance == pytest.approx(run.network["distance"].last, rel=1e-6)
    assert seen.holds is True and seen.verdict.startswith("Lazy: at the trained weights")


def test_scaling_the_outputs_down_leaves_the_lazy_regime():
    x, y = points(6)

    def scaled(scale):
        start = wide(32)
        return lambda params, batch: scale * (tanh(params, batch) - tanh(start, batch))

    found = {s: sf.diagnose(scaled(s), wide(32), x, y) for s in (0.05, 50.0)}
    assert found[50.0].lazy.holds is True and found[0.05].lazy.holds is False
    assert found[0.05].lazy.curvature_ratio > 100 * found[50.0].lazy.curvature_ratio
    assert any("not lazy" in remark for remark in found[0.05].remarks)
    assert found[0.05].lazy.probe_steps > 0


def test_a_wrong_label_is_found_and_explained():
    draw = np.random.default_rng(0)
    x = np.concatenate([draw.normal(-1.0, 0.4, (20, 3)), draw.normal(1.0, 0.4, (20, 3))])
    y = np.repeat([-1.0, 1.0], 20)
    y[7] = 1.0
    found = sf.diagnose(tanh, wide(128, 3), x, y, hardest=3)
    assert found.samples.suspects[0] == 7 and found.samples.hardest[0].row == 7
    worst = found.samples.hardest[0]
    assert worst.suspicious and 0.0 <= worst.slow <= 1.0
    assert worst.rival is not None and y[worst.rival] != y[7] and worst.cosine <= 1.0 + 1e-12
    assert "its label may be wrong" in worst.sentence and "Sample 7" in worst.sentence
    assert found.samples.shares.sum() == pytest.approx(1.0)
    kernel = dense_kernel(tanh, wide(128, 3), x)
    lengths = np.sqrt(np.diag(kernel))
    cosines = (kernel / np.outer(lengths, lengths))[7]
    assert worst.cosine == pytest.approx(max(cosines[y != y[7]]))


def test_where_the_others_contradict_many_nobody_is_accused():
    x, _ = points(20)
    found = sf.diagnose(tanh, wide(), x, np.resize([1.0, 1.0, -1.0], 20)).samples
    assert len(found.suspects) > 2 and "the kernel may be at fault" in found.verdict
    assert not any("may be wrong" in sample.sentence for sample in found.hardest)


def test_a_mean_over_a_part_is_stepped_safely():
    x, y = points(12)
    x[:3] *= 5.0
    found = sf.diagnose(linear, jnp.zeros(4), x, y, loss="mean_squared", samples=2, seed=3)
    assert found.fit.samples == 2 and np.isfinite(found.samples.shares).all()
    assert found.lazy.probe.gap < 1e-9


def test_leaving_one_out_is_leaving_one_out():
    from surefit.diagnosis.kernel import DenseKernel
    from surefit.diagnosis.neighbours import left_out
    from surefit.diagnosis.prepare import prepare

    x, y = points(12)
    subject = prepare("diagnose", tanh, wide(), x, y, "squared", None)
    kernel = DenseKernel.of(subject, np.arange(12), None)
    predicted, errors = left_out(kernel)
    best, matrix, values = np.inf, kernel.matrix, y - y.mean()
    for ridge in 10.0 ** -np.arange(1, 10) * np.linalg.eigvalsh(matrix)[-1]:
        others = []
        for i in range(12):
            rest = np.arange(12) != i
            inner = matrix[np.ix_(rest, rest)] + ridge * np.eye(11)
            others.append(matrix[i, rest] @ np.linalg.solve(inner, values[rest]))
        error = values - np.array(others)
        if np.sum(error**2) < best:
            best, expected = np.sum(error**2), error
            spread = 1 / np.sqrt(np.diag(np.linalg.inv(matrix + ridge * np.eye(12))))
    np.testing.assert_allclose(errors, np.abs(expected) / spread, rtol=1e-6)
    np.testing.assert_allclose(predicted[:, 0], y - expected, rtol=1e-6, atol=1e-9)


def test_what_is_left_is_the_residual_of_the_linearised_run():
    x, y = points(5)
    w = jnp.zeros(4)
    found = sf.diagnose(linear, w, x, y)
    theta, step = np.zeros(4), found.step.safe
    for _ in range(found.samples.steps):
        theta = theta - step * x.T @ (x @ theta - y)
    left = (x @ theta - y) ** 2
    np.testing.assert_allclose(found.samples.shares, left / left.sum(), rtol=1e-6)
    assert found.lazy.probe.distance == pytest.approx(np.linalg.norm(theta), rel=1e-6)


def test_at_zero_loss_there_is_nothing_to_say():
    x, _ = points(3)
    found = sf.diagnose(linear, jnp.zeros(4), x, np.zeros(3))
    assert "least value already" in found.horizon.verdict and found.horizon.reached == ()
    assert found.lazy.holds is None and found.samples.hardest == ()
    assert str(found)
