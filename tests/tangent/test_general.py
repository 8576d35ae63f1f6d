"""Any JAX function: the kernel from taps is that of the Jacobian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import factors, routes, tangent_kernel
from surefit.tangent.general import analyse


def draw(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def mlp(p, x):
    return jnp.tanh(0.5 * (x @ p["a"].T) + p["b"][None]) @ (p["c"] / 3.0)


def shared(p, x):
    for _ in range(3):
        x = jnp.tanh(x @ p["w"]) * p["g"][None]
    return x @ p["c"]


def tied(p, x):
    return jnp.tanh(x @ p["w"]) @ p["w"].T @ p["c"]


def recurrent(p, x):
    def step(h, row):
        h = jnp.tanh(h @ p["w"] + row @ p["u"] + p["b"][None])
        return h, h @ p["c"]

    return jax.lax.scan(step, jnp.zeros((x.shape[0], 4)), jnp.moveaxis(x, 1, 0), reverse=True)[1][0]


def stacked(p, x):
    def step(h, layer):
        return jnp.tanh(h @ layer[0] + layer[1][None] + h @ p["s"]), None

    return jax.lax.scan(step, x, (p["w"], p["b"]))[0] @ p["c"]


def convolutions(p, x):
    z = jax.lax.conv_general_dilated(
        x, p["w"], (2, 1), "SAME", rhs_dilation=(1, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    z = jnp.tanh(z + p["b"][None, None, None])
    z = jax.lax.conv_general_dilated(
        jnp.transpose(z, (0, 3, 1, 2)), p["v"], (1, 1), [(1, 0), (-1, 2)], lhs_dilation=(1, 2),
        feature_group_count=2, dimension_numbers=("NCHW", "OIHW", "NCHW"),
    )  # fmt: skip
    return jnp.mean(jnp.tanh(z), (2, 3)) @ p["c"]


def embedded(p, x):
    return jnp.tanh(jnp.take(p["t"], x, axis=0).mean(1)) @ p["c"]


def normalised(p, x):
    h = x @ p["w"]
    h = h - jnp.mean(h, axis=-1, keepdims=True)
    h = h / jnp.sqrt(jnp.mean(h**2, axis=-1, keepdims=True) + 1e-5)
    return (h * p["g"][None] + p["b"][None]) @ p["c"]


def attention(p, x):
    q, k, v = (jnp.einsum("ntd,dhe->nthe", x, p[name]) for name in "qkv")
    weights = jax.nn.softmax(jnp.einsum("nthe,nshe->nhts", q, k), axis=-1)
    mixed = jnp.einsum("nhts,nshe->nthe", weights, v)
    return jnp.einsum("nthe,hed->ntd", mixed, p["o"]).mean(1)


def weight_norm(p, x):
    w = p["v"] / jnp.linalg.norm(p["v"], axis=0, keepdims=True)
    return jnp.tanh(jax.checkpoint(lambda h: h @ (p["c"] * p["s"]))(jnp.tanh(x @ w)))


def branching(p, x):
    return jax.lax.cond(jnp.sum(x) > 0, lambda h: h @ p["w"], lambda h: 2.0 * h @ p["w"], x)


NUMBERS = jax.random.randint(jax.random.key(7), (3, 4), 0, 6)
# function, parameters, batch, the leaves that can be tapped
CASES = {
    "mlp": (mlp, {"a": (5, 3), "b": (5,), "c": (5, 2)}, (3, 3), "ac"),
    "shared weights": (shared, {"w": (3, 3), "g": (3,), "c": (3, 2)}, (3, 3), "cw"),
    "W and its transpose": (tied, {"w": (3, 4), "c": (3, 2)}, (3, 3), "c"),
    "recurrent": (recurrent, {"w": (4, 4), "u": (3, 4), "b": (4,), "c": (4, 2)}, (3, 5, 3), "cuw"),
    "stacked": (stacked, {"w": (3, 4, 4), "b": (3, 4), "s": (4, 4), "c": (4, 2)}, (3, 4), "csw"),
    "convolutions": (
        convolutions,
        {"w": (3, 2, 2, 4), "b": (4,), "v": (6, 2, 2, 2), "c": (6, 2)},
        (3, 5, 4, 2),
        "cvw",
    ),
    "embedding": (embedded, {"t": (6, 3), "c": (3, 2)}, None, "ct"),
    "layer norm": (normalised, {"w": (3, 5), "g": (5,), "b": (5,), "c": (5, 2)}, (3, 3), "cw"),
    "attention": (
        attention,
        {"q": (3, 2, 2), "k": (3, 2, 2), "v": (3, 2, 2), "o": (2, 2, 2)},
        (3, 4, 3),
        "kqvo",
    ),
    "weight norm": (weight_norm, {"v": (3, 4), "s": (), "c": (4, 2)}, (3, 3), "c"),
    "branches": (branching, {"w": (3, 2)}, (3, 3), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_kernel_of_a_function_is_that_of_its_jacobian(name, monkeypatch):
    function, shapes, batch, expected = CASES[name]
    params = {key: draw(seed, *shape) for seed, (key, shape) in enumerate(shapes.items())}
    x = NUMBERS if batch is None else draw(9, *batch)
    found = analyse(function, params, x)
    assert {found.names[i] for i in found.tapped} == set(expected)
    assert {found.names[i] for i in found.direct} == set(params) - set(expected)

    @jax.jit
    def everything(params):
        def one(example):
            return jax.jacrev(lambda p: function(p, example[None])[0])(params)

        leaves = [leaf.reshape(*leaf.shape[:2], -1) for leaf in jax.tree.leaves(jax.vmap(one)(x))]
        j = jnp.concatenate(leaves, axis=-1)
        kernels = []
        for pairs, form in ((True, "full"), (False, "trace"), (True, "per_output")):
            # A table that is looked up has no gradients worth forming.
            monkeypatch.setattr(
                routes, "pairs_are_cheaper", lambda sizes, form, pairs=pairs: pairs or sizes.picks
            )
            kernels.append(tangent_kernel(function, params, x, x[:2], form))
        return jnp.einsum("iap,jbp->iajb", j, j[:2]), kernels

    whole, kernels = everything(params)
    wanted = {4: whole, 2: jnp.einsum("iaja->ij", whole), 3: jnp.einsum("iaja->iaj", whole)}
    scale = float(jnp.max(jnp.abs(whole)))
    for kernel in kernels:
        np.testing.assert_allclose(kernel, wanted[kernel.ndim], rtol=1e-12, atol=1e-13 * scale)


def test_a_module_of_equinox():
    import equinox as eqx

    module = eqx.nn.MLP(3, 2, 4, 1, key=jax.random.key(0))
    x = draw(1, 4, 3)

    def apply(module, x):
        return jax.vmap(module)(x)

    found = sf.empirical_ntk(apply, module, x, outputs="full", per_layer=True)
    assert set(found) == {"layers/0", "layers/1"}
    w0, b0 = module.layers[0].weight, module.layers[0].bias
    active = (x @ w0.T + b0[None] > 0).astype(x.dtype)
    h = active * (x @ w0.T + b0[None])
    last = jnp.eye(2)[None, None] * (h @ h.T + 1)[:, :, None, None]
    np.testing.assert_allclose(found["layers/1"], last, rtol=1e-12, atol=1e-13)
    back = jnp.einsum("am,im->iam", module.layers[1].weight, active)
    first = (x @ x.T + 1)[:, :, None, None] * jnp.einsum("iam,jbm->ijab", back, back)
    np.testing.assert_allclose(found["layers/0"], first, rtol=1e-12, atol=1e-13)


def test_the_library_of_layers_and_the_general_path_agree_on_an_equilibrium():
    network = sf.Serial(sf.Dense(5), sf.Equilibrium(5, weight_std=0.3), sf.Dense(1))
    params = network.init(jax.random.key(0), (3,))
    x = draw(1, 4, 3)
    fast = sf.empirical_ntk(network, params, x)
    np.testing.assert_allclose(sf.empirical_ntk(network.apply, params, x), fast, rtol=1e-7)


def test_parts_keep_their_sizes():
    part = factors.Factor(draw(0, 3, 1, 2, 4), draw(1, 3, 2, 1, 2, 5), 0.5, 0.25, "w")
    rows = part.gradients().rows.reshape(3, 2, 5, 5)
    expected = 0.5 * jnp.einsum("iapf,ipd->iafd", part.back[:, :, 0], part.seen[:, 0])
    np.testing.assert_allclose(rows[..., :4], expected, rtol=1e-13)
    np.testing.assert_allclose(rows[..., 4], 0.25 * part.back[:, :, 0].sum(2), rtol=1e-13)
