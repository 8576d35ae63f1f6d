# %% [markdown]
# # Kernels for small data
#
# A network of infinite width that is trained to the end predicts what kernel regression with its tangent kernel predicts.
# On small data that is a strong baseline without a learning rate, without epochs, and without a seed.

# %%
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from surefit.estimators import NTKClassifier

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %% [markdown]
# ## The estimator
#
# As in scikit-learn. Features of different units belong behind a `StandardScaler`.

# %%
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

model = make_pipeline(StandardScaler(), NTKClassifier(depth=2))
model.fit(X_train, y_train)
print(f"{len(X_test)} held-out rows, accuracy {model.score(X_test, y_test):.3f}")

# %% [markdown]
# ## The kernel itself
#
# `sf.limit_kernel` takes any composition of layers and returns both kernels of the limit: that of the outputs at random
# weights (`nngp`) and the tangent kernel (`ntk`). Written out, a network of width infinity is a network; the widths
# below do not matter.

# %%
import jax
import numpy as np

import surefit as sf

jax.config.update("jax_enable_x64", True)  # the small eigenvalues decide what is learnt late
scaler = StandardScaler().fit(X_train)
rows = np.concatenate([scaler.transform(X_train), scaler.transform(X_test)])
network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(512), sf.Relu(), sf.Dense(1))
kernel = sf.limit_kernel(network, rows).ntk
n = len(X_train)
eigenvalues = np.linalg.eigvalsh(kernel[:n, :n])
print(f"eigenvalues from {eigenvalues[0]:.2g} to {eigenvalues[-1]:.2g}")

# %% [markdown]
# The smallest eigenvalue is above zero: this network of infinite width can fit any targets on these rows. The ratio of
# largest to smallest says that descent will take long to do so.
#
# ## Training, in closed form
#
# `sf.FunctionSpace` says where training would be at any time, on training and test rows.

# %%
targets = np.eye(3)[y_train] - 1 / 3
space = sf.FunctionSpace(kernel[:n, :n], targets, kernel[n:, :n])
for steps in (10, 100, 1000, 10_000):
    there = space.after(steps)
    right = np.mean(np.argmax(there.test, axis=1) == y_test)
    print(f"{steps:6d} steps: loss {there.loss:.3g}, test accuracy {right:.3f}")
print("steps to a hundredth of the loss:", space.steps_to_loss(0.01 * space.after(0).loss))

# %%
import matplotlib.pyplot as plt

steps = np.unique(np.geomspace(1, 1e4, 40).astype(int))
figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
axes.loglog(steps, space.losses_after(steps))
axes.set(xlabel="step", ylabel="training loss")

# %% [markdown]
# The loss falls forever, the accuracy does not: most of what is learnt late is along eigenvectors of small eigenvalues.
# More: [estimators](../estimators.md), [training in function space](../function-space.md),
# [limit kernels](../kernels.md).
