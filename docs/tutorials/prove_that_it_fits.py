# %% [markdown]
# # Prove that your network fits
#
# Does gradient descent drive the training loss of *this* network on *these* rows to zero? We ask the theorems first, then
# train, then prove it. The rows are 40 patients of the breast cancer data that come with scikit-learn; a CSV of yours is
# loaded by `sf.data.load("my.csv")`.

# %%
import surefit as sf

data = sf.data.prepare(sf.data.load("breast_cancer"), ["sphere"], samples=40)
print(data.description)
for check in data.checks:
    print(check)

# %% [markdown]
# The step `sphere` standardises the features, adds a constant coordinate and moves every row to norm 1. The checks are
# about the rows alone: equal rows with different targets could be fitted by no network.
#
# The network has one hidden layer, and more parameters than there are rows to fit.

# %%
network = sf.models.shallow(256, activation=sf.Gelu(), weight_std=8.0)
problem = sf.Problem(network, data.x, data.y)
params = problem.init(0)
print(problem.samples, "rows,", problem.parameters(params), "parameters")

# %% [markdown]
# ## What the theorems say
#
# Each published theorem checks its own assumptions on these data. Most ask for widths that nobody trains: that is no
# counter-example, the theorem is silent. For those that do not apply, the first assumption that fails:

# %%
method = sf.GradientDescent().settle(problem, params, steps=0)
setting = sf.theory.Setting(problem, params, method.step_size)
for name in ("du_2018", "oymak_soltanolkotabi_2019", "song_2021", "lee_2019"):
    (prediction,) = sf.theory.assess(setting, [name]).values()
    said = {True: "applies", False: "does not apply", None: "cannot say"}[prediction.applies]
    print(f"{name}: {said}")
    for check in prediction.failing[:1]:
        print(f"    {check}")

# %% [markdown]
# ## Training

# %%
import matplotlib.pyplot as plt

params, trajectory = sf.train(problem, params, method, steps=500, monitors=["squared_residual"])
residual = trajectory["squared_residual"]
figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
axes.semilogy(residual.times, residual.values)
axes.set(xlabel="step", ylabel="squared residual")
print(
    f"squared residual {residual.values[0]:.3g} at the start, {residual.values[-1]:.3g} at the end"
)

# %% [markdown]
# ## The last stretch
#
# Descent comes near an exact fit slowly. `polish` makes a few Newton-like steps, until a certificate holds. The weights
# change a little: the certificate is about the polished ones.

# %%
params, polish = sf.polish(problem, params)
print(polish.status)
certificate = sf.certify(problem, params)
print(certificate.statement)
for check in certificate.checks:
    print(check)

# %% [markdown]
# ## Proved by a second program
#
# So far this is arithmetic in float64 with bounds on its rounding. The checker shares no code with the library and
# rounds everything to the unfavourable side; only its verdict is called *proved*.

# %%
proof = sf.verify(certificate.save("proof"))
print(proof.verdict)
for step in proof.steps:
    print(f"{step.name}: {step.value:.3g} {step.relation} {step.bound:.3g}")

# %% [markdown]
# The folder `proof` can be sent to somebody who has nothing but NumPy and python-flint. What is in it:
# [reading a certificate](reading_a_certificate.md). What it does not say: [what we do not claim](../not-claimed.md).
