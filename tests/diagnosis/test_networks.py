"""Whatever a network comes as, the answers are the same; and a loop of one's own is watched."""

import importlib.util
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, MissingDependencyError

X = np.random.default_rng(0).standard_normal((6, 3))
Y = np.sin(X[:, 0])


def test_a_layer_and_its_function_are_one_network():
    network = sf.Serial(sf.Dense(16, bias_std=0.1), sf.Tanh(), sf.Dense(1))
    params = network.init(jax.random.key(0), (3,))
    found = [sf.diagnose(n, params, X, Y).to_dict() for n in (network, network.apply)]
    flat = [jax.tree.leaves(d["fit"]["smallest"]["value"]) for d in found]
    np.testing.assert_allclose(*flat, rtol=1e-8)
    assert found[0]["step"]["safe"] == pytest.approx(found[1]["step"]["safe"], rel=1e-6)
    assert found[0]["fit"]["parameters"] == found[1]["fit"]["parameters"] == 3 * 16 + 16 + 16


def test_modules_of_equinox_and_masks():
    module = eqx.nn.MLP(3, "scalar", 16, 1, activation=jnp.tanh, key=jax.random.key(1))
    whole = sf.diagnose(module, None, X, Y)
    assert whole.fit.parameters == 3 * 16 + 16 + 16 + 1 and whole.precision == "float64"
    mask = jax.tree.map(lambda _: False, module)
    mask = eqx.tree_at(lambda m: m.layers[-1], mask, jax.tree.map(lambda _: True, mask.layers[-1]))
    last = sf.diagnose(jax.vmap(lambda m, x: m(x), in_axes=(None, 0)), module, X, Y,
                       trainable=mask)  # fmt: skip
    assert last.fit.parameters == 17
    assert "layers/0/weight" in " ".join(last.remarks)
    features = np.tanh(
        X @ np.asarray(module.layers[0].weight).T + np.asarray(module.layers[0].bias)
    )
    features = np.hstack([features, np.ones((6, 1))])
    assert last.fit.largest.value == pytest.approx(np.linalg.eigvalsh(features @ features.T)[-1])
    assert last.lazy.probe.gap < 1e-9  # the last layer alone is linear


def test_a_dictionary_with_state_and_a_prefix_as_mask():
    def apply(variables, x):
        return (x - variables["batch_stats"]["mean"]) @ variables["params"]["w"]

    variables = {"params": {"w": jnp.ones(3)}, "batch_stats": {"mean": jnp.full((1, 3), 0.5)}}
    found = sf.diagnose(apply, variables, X, Y, trainable={"params": True, "batch_stats": False})
    assert found.fit.parameters == 3
    expected = np.linalg.eigvalsh((X - 0.5) @ (X - 0.5).T)[-1]
    assert found.fit.largest.value == pytest.approx(expected)


def test_several_outputs_images_and_token_numbers():
    tokens = np.array([[0, 1], [1, 2], [2, 2]])

    def looked_up(params, x):
        return params["table"][x].reshape(len(x), 2, -1)

    table = {"table": jnp.asarray(np.random.default_rng(0).standard_normal((3, 2)))}
    found = sf.diagnose(looked_up, table, tokens, np.zeros((3, 2, 2)))
    assert found.fit.residuals == 12 and found.fit.rank == 6


def test_the_report_is_text_plain_data_and_escaped():
    found = sf.diagnose(lambda w, x: x @ w, jnp.zeros(3), X[:3], Y[:3])
    text = str(found)
    for question in (
        "Over-parameterised on this data?",
        "Which step size is safe?",
        "How many steps to a loss?",
        "Lazy?",
        "Which samples are hardest?",
    ):
        assert question in text
    assert max(map(len, text.splitlines())) <= 96
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["fit"]["holds"] is True and plain["step"]["safe"] == found.step.safe
    assert plain["samples"]["hardest"][0]["row"] == found.samples.hardest[0].row
    shown = found._repr_html_()
    assert "lambda_min" in shown and ">=" not in shown and shown.count("<") == 2
    assert {check.name for check in found.checks} >= {"p >= n k", "lambda_min(K) > 0"}


def test_without_pytorch_the_extra_is_named():
    if importlib.util.find_spec("torch") is not None:
        pytest.skip("PyTorch is installed")
    with pytest.raises(MissingDependencyError, match=r"pip install 'surefit\[torch\]'"):
        sf.torch.as_jax(None, X)


def test_compiled_functions_are_functions():
    found = sf.diagnose(eqx.filter_jit(lambda w, x: x @ w), jnp.zeros(3), X[:3], Y[:3])
    assert found.fit.parameters == 3


def test_in_float32_mode_answers_are_float64(tmp_path):
    with jax.enable_x64(False):
        params = {"w": jnp.ones((3, 8), jnp.float32), "v": jnp.arange(8.0, dtype=jnp.float32)}
        found = sf.diagnose(
            lambda p, x: jnp.tanh(x @ p["w"]) @ p["v"], params, X.astype(np.float32), Y
        )
    assert found.precision == "float64" and found.fit.rank <= 6


def network(params, x):
    return jnp.tanh(x @ params["w"]) @ params["v"]


def trained(scale, step, steps, watch):
    def scaled(params, x):
        return scale * network(params, x)

    draw = np.random.default_rng(0)
    params = {"w": jnp.asarray(draw.standard_normal((3, 64))),
              "v": jnp.asarray(draw.standard_normal(64) / 8)}  # fmt: skip
    seen = sf.watch(scaled, params, X, Y, step_size=step, sharpness=watch)
    gradient = jax.jit(
        jax.grad(lambda p: 0.5 * jnp.sum((scaled(p, jnp.asarray(X)) - jnp.asarray(Y)) ** 2))
    )
    start = params
    for done in range(1, steps + 1):
        params = jax.tree.map(lambda p, g: p - step * g, params, gradient(params))
        if done % (steps // 2) == 0:
            seen(done, params)
    return seen, start, params


def test_a_lazy_run_is_watched():
    seen, start, params = trained(1.0, 2e-3, 40, watch=True)
    report = seen.report()
    assert [record.step for record in seen.records] == [0, 20, 40]
    assert report.lazy is True and all(check.holds for check in report.checks)
    assert len(report.checks) == 4 and "agrees with the predicted one" in report.verdict
    first, last = seen.records[0], seen.records[-1]
    assert first.loss == pytest.approx(first.predicted) and last.loss < first.loss
    moved = np.concatenate([np.ravel(np.asarray(params[k] - start[k])) for k in params])
    assert last.distance == pytest.approx(np.linalg.norm(moved))
    assert json.dumps(report.to_dict(), allow_nan=False)
    lines = str(report).splitlines()
    assert lines[0].split()[:3] == ["step", "loss", "predicted"] and lines[4] == ""
    assert [line.split()[0] for line in lines[1:4]] == ["0", "20", "40"]
    assert report.unit == "the first residual" and "lambda_min: the smallest" in str(report)
    with pytest.raises(InvalidInputError, match=r"`watch\(step=...\)` must be above the last one"):
        seen(40, params)
    with pytest.raises(InvalidInputError, match=r"`watch\(params=...\)` must have the structure"):
        seen(41, {"w": params["w"]})


def test_a_run_that_is_not_lazy_is_seen():
    seen, _, _ = trained(0.05, 0.5, 400, watch=False)
    report = seen.report()
    assert report.lazy is False and report.verdict.startswith("Not lazy")
    assert np.isnan(seen.records[-1].sharpness) and len(report.checks) == 3


def test_before_the_first_call_nothing_is_said():
    report = sf.watch(lambda w, x: x @ w, jnp.zeros(3), X, Y, sharpness=False).report()
    assert report.lazy is None and report.checks == () and "nothing but the start" in report.verdict


@pytest.mark.slow
def test_the_watch_agrees_with_the_monitors_of_training():
    problem = sf.Problem(sf.models.shallow(32), X, Y)
    start = problem.init(0)
    seen = sf.watch(problem.network, start, X, Y, step_size=0.01, sharpness=False)
    monitors = ["loss", "kernel_drift", "gram_smallest"]
    params, run = sf.train(problem, start, sf.GradientDescent(0.01), steps=30, monitors=monitors)
    record = seen(30, params)
    assert record.loss == pytest.approx(run["loss"].last)
    assert record.drift == pytest.approx(run["kernel_drift"].last, rel=1e-6)
    assert record.lambda_min == pytest.approx(run["gram_smallest"].last, rel=1e-6)
