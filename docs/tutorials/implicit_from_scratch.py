# %% [markdown]
# # An implicit network from scratch
#
# An implicit network has a hidden state that solves an equation, $h = \phi(Wh + x)$: infinitely many layers with the same
# weights. We solve it by hand, differentiate it by hand, and then let the library do the same.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
W = 0.4 * rng.normal(size=(30, 30)) / np.sqrt(30)
x = rng.normal(size=30)
print(f"operator norm of W: {np.linalg.norm(W, 2):.3f}")

# %% [markdown]
# The slope of tanh is at most 1 and the norm of $W$ is below 1, so that the map $h \mapsto \tanh(Wh + x)$ is a contraction:
# there is exactly one equilibrium, and repeating the map finds it.

# %%
h = np.zeros(30)
for step in range(1, 61):
    h, before = np.tanh(W @ h + x), h
    if step in (5, 10, 15, 20):
        print(f"step {step} moves the state by {np.linalg.norm(h - before):.1e}")

# %% [markdown]
# ## The gradient without the iterations
#
# Differentiating $h = \tanh(Wh + x)$ gives $dh = D(W\,dh + dx)$ with $D = \operatorname{diag}(1 - h^2)$, so that
# $dh = (I - DW)^{-1}D\,dx$. For $g = \nabla_h\ell$ the gradient in $x$ is the solution of one linear system with the
# transposed matrix; none of the iterations is kept.

# %%
D = np.diag(1 - h**2)
g = np.ones(30)  # of the sum of h
by_hand = D @ np.linalg.solve((np.eye(30) - D @ W).T, g)

# %% [markdown]
# `sf.Equilibrium` is that layer. Its derivatives are those of the implicit function theorem, in both modes and of any
# order.

# %%
layer = sf.Equilibrium(30, sf.Tanh(), parameterisation="standard")
params = {"w": jnp.asarray(W)}
state = layer.apply(params, jnp.asarray(x)[None])[0]
gradient = jax.grad(lambda x: jnp.sum(layer.apply(params, x[None])))(jnp.asarray(x))
print("same state:   ", np.allclose(state, h, atol=1e-10))
print("same gradient:", np.allclose(gradient, by_hand, atol=1e-10))

# %% [markdown]
# ## A network with it
#
# A dense layer injects the input, the equilibrium takes the place of all hidden layers, a dense layer reads it.

# %%
digits = sf.data.prepare(sf.data.load("digits"), classes=(0, 1), samples=20)
network = sf.Serial(sf.Dense(64), sf.Equilibrium(64, sf.Tanh(), weight_std=0.3), sf.Dense(1))
problem = sf.Problem(network, digits.x, digits.y)
params = problem.init(0)
for check in sf.well_posedness(network, params, problem.x):
    print(check.name, "->", {True: "holds", False: "fails", None: "cannot say"}[check.holds])

# %%
params, trajectory = sf.train(problem, params, steps=300, monitors=["squared_residual"])
residual = trajectory["squared_residual"].values
print(f"squared residual {residual[0]:.3g} -> {residual[-1]:.2g}")

# %% [markdown]
# ## That the equilibria stay
#
# Descent moves the weights, and a larger $W$ may lose its equilibrium. A certificate states for a whole ball of weights
# that every training sample, and every other input, has exactly one.

# %%
certificate = sf.certify(problem, params, statement="equilibria")
print(certificate.explain())
print(sf.verify(certificate.save("equilibria")).verdict)

# %% [markdown]
# More: [implicit networks](../implicit.md), [the certificate](../certificates/equilibria.md).
