# %% [markdown]
# # Reading a certificate
#
# A certificate is two files. We make one, read it without the library, recompute what can be recomputed by hand, and
# try to cheat.

# %%
import numpy as np

import surefit as sf

problem = sf.Problem(sf.models.shallow(64, weight_std=2.0), np.eye(3), np.array([1.0, -1.0, 1.0]))
params, trajectory = sf.train(problem, problem.init(0), target_loss=1e-8)
folder = sf.certify(problem, params, step_size=trajectory.step_size).save("mine")
print(sorted(path.name for path in folder.iterdir()))

# %% [markdown]
# `issued.json` is for us; `certificate.json` and `arrays.npz` are all that a checker reads. Real numbers stand there in
# hexadecimal, so that they are exact.

# %%
import json

document = json.loads((folder / "certificate.json").read_text())
print(document["statement"]["kind"])
for key in ("step_size", "rho", "start_radius"):
    print(key, "=", f"{float.fromhex(document['statement'][key]):.4g}")
for layer in document["network"]["layers"]:
    print(
        layer["type"], layer["weights"], layer["activation"]["name"], float.fromhex(layer["factor"])
    )

# %% [markdown]
# The statement: gradient descent with this step from the saved weights stays within `rho` of them and converges to zero
# loss. A `dense` layer computes $\phi(sWh)$ with the factor $s$, so that two lines of NumPy are the network.

# %%
arrays = np.load(folder / "arrays.npz")
hidden, output = document["network"]["layers"]
W, a = arrays[hidden["weights"]], arrays[output["weights"]]
scale = float.fromhex(output["factor"])
z = arrays["x"] @ W.T
residual = (scale * np.tanh(z) @ a.T - arrays["y"])[:, 0]
print(f"norm of the residual: {np.linalg.norm(residual):.4g}")

# %% [markdown]
# The Jacobian of the outputs in all weights, row by row: by the output weights $s\tanh(z)$, by the hidden ones
# $s\,a\,(1 - \tanh^2 z)x^\top$.

# %%
slope = scale * a * (1 - np.tanh(z) ** 2)
J = np.hstack(
    [scale * np.tanh(z), (slope[:, :, None] * arrays["x"][:, None, :]).reshape(len(z), -1)]
)
sigma = np.linalg.svd(J, compute_uv=False)
print(f"singular values of J between {sigma[-1]:.4f} and {sigma[0]:.4f}")

# %% [markdown]
# That is the heart of [Theorem 1](../certificates/descent.md): the residual $r$ is tiny against $\sigma_{\min}^2/\Lambda$,
# where $\Lambda$ bounds how fast $J$ changes. The checker computes the same numbers with outward rounding, and
# $\Lambda$ as well:

# %%
proof = sf.verify(folder)
print(proof.verdict)
for name in ("residual_norm", "sigma_min", "jacobian_norm", "lipschitz"):
    print(f"{name}: {proof.numbers[name]:.4g}")
for step in proof.steps:
    print(f"  {step.name}: {step.value:.3g} {step.relation} {step.bound:.3g}")

# %% [markdown]
# ## Cheating
#
# First, a smaller radius than the path is long: the inequality fails, and the certificate is refused.

# %%
import shutil
from pathlib import Path


def altered(name, change):
    copy = Path(shutil.copytree(folder, name))
    document = json.loads((copy / "certificate.json").read_text())
    change(document)
    (copy / "certificate.json").write_text(json.dumps(document))
    return copy


def shrink(document):
    document["statement"]["rho"] = (1e-6).hex()


answer = sf.verify(altered("shrunk", shrink))
print(answer.verdict, "-", answer.reason)

# %% [markdown]
# Second, other weights. Their hash no longer agrees:

# %%
copy = Path(shutil.copytree(folder, "other-weights"))
changed = dict(np.load(copy / "arrays.npz"))
changed[hidden["weights"]][0, 0] += 1.0
np.savez(copy / "arrays.npz", **changed)
answer = sf.verify(copy)
print(answer.verdict)

# %% [markdown]
# Third, a step that is too large:


# %%
def enlarge(document):
    document["statement"]["step_size"] = (4.0).hex()


answer = sf.verify(altered("too-far", enlarge))
print(answer.verdict, "-", answer.reason)

# %% [markdown]
# What every key means: [the format of a certificate](../certificate-format.md).
