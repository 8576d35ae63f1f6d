"""Gradient descent with the standard monitors against a bare compiled loop of the same update."""

import jax
import jax.numpy as jnp

import surefit as sf
from benchmarks._pairs import compare

STEPS = 1000


def main():
    jax.config.update("jax_enable_x64", True)
    data = sf.data.prepare(sf.data.load("digits"), classes=(0, 1), samples=300)
    network = sf.models.shallow(512, weight_std=4.0)
    problem = sf.Problem(network, data.x, data.y)
    params = problem.init(0)
    method = sf.GradientDescent().settle(problem, params, STEPS)
    step = method.step_size

    def loss(p):
        return 0.5 * jnp.sum((network.apply(p, problem.x) - problem.y) ** 2)

    @jax.jit
    def loop(p):
        def move(_, p):
            return jax.tree.map(lambda a, g: a - step * g, p, jax.grad(loss)(p))

        return jax.lax.fori_loop(0, STEPS, move, p)

    ours, _ = sf.train(problem, params, method, steps=STEPS, monitors=[])
    gap = max(
        float(jnp.abs(a - b).max())
        for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(loop(params)), strict=True)
    )
    assert gap < 1e-10, gap
    size = f"{STEPS} steps, n = 300, m = 512"
    for title, monitors in (
        ("no monitors", []),
        ("cheap monitors", ["accuracy", "distance", "path_length", "gradient_norm", "pl_ratio"]),
        ("standard monitors", ["standard"]),
    ):
        compare(
            f"Gradient descent, {size}, {title}, against a bare loop",
            lambda monitors=monitors: sf.train(
                problem, params, method, steps=STEPS, monitors=monitors
            )[0],
            lambda: loop(params),
            rounds=3,
        )
