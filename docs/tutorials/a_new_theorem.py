# %% [markdown]
# # A new theorem in one file
#
# A theorem is one class: its reference, its assumptions as checks, and its promises as curves. Every such class is found
# by itself, whether its file lies in the package, is your script, or is passed by `--plugin FILE`. Here is one about
# gradient flow of models that are linear in what is trained.

# %%
import dataclasses
import math

import numpy as np

import surefit as sf
from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Promise
from surefit.theory import Provenance, Theorem, conditions

# %% [markdown]
# With $f(\theta) = f(\theta_0) + J(\theta - \theta_0)$ the flow of the loss $c\lVert r\rVert^2$ has
# $\dot r = -2cKr$ with $K = JJ^\top$, so that $\lVert r(t)\rVert^2 \le e^{-4c\lambda_{\min}t}\lVert r_0\rVert^2$. The setting
# offers the spectrum of $K$ with error bounds, the loss's $c$ and the residual; the bound takes the unfavourable end of each.


# %%
@dataclasses.dataclass(frozen=True)
class LinearFlow(Theorem):
    r"""Gradient flow on a model that is linear in what is trained.

    Setting:
        $f(\theta) = f(\theta_0) + J(\theta - \theta_0)$, the loss $c\|r\|^2$.

    Algorithm:
        Gradient flow.

    Assumptions:
        Only the last layer is trained.

    Guarantee:
        Upper: $\|r(t)\|^2 \le e^{-4c\lambda_{\min}t}\|r_0\|^2$.

    Constants:
        All explicit.

    Deviations from the paper:
        None; $\dot r = -2cKr$.

    References:
        A. Legendre, Nouvelles méthodes pour la détermination des orbites des comètes (1805).
    """

    title = "Least squares, gradient flow (folklore)"
    locator = "the differential equation of the residual"
    citation = "@book{legendre1805, author = {Legendre, A.-M.}, year = {1805}, title = {Nouvelles méthodes pour la détermination des orbites des comètes}}"
    url = "https://archive.org/details/nouvellesmthode00legegoog"
    setting = "Models that are linear in the trained parameters, under gradient flow."
    guarantee = Guarantee.UPPER
    dynamics = "gradient_flow"
    provenance = Provenance.READ

    def assumptions(self, setting):
        """The dynamics, the loss, linearity."""
        layers = getattr(setting.problem.network, "layers", ())
        linear = bool(layers) and not any(getattr(a, "trained", False) for a in layers[:-1])
        return (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            Check.from_flag("only the last layer is trained", linear),
        )

    def predict(self, setting):
        """Exponential decay at the smallest eigenvalue."""
        if setting.loss_scale is None:
            return self._prediction(setting, note="No promise: the loss is not squared.")
        smallest = max(setting.gram_spectrum.smallest.lower, 0.0)
        rate = 4.0 * setting.loss_scale * smallest
        curve = Curve.geometric(setting.residual_norm.upper**2, math.exp(-rate))
        promise = Promise("squared_residual", curve, source=self.locator)
        return self._prediction(setting, promises=(promise,), rate=rate)

    def required_width(self, setting):
        """Any width will do."""
        return None

    def example(self):
        """Random tanh features of three orthogonal inputs."""
        network = sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(1))
        problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 1.0


# %% [markdown]
# ## Does it hold what it says?
#
# The conformance suite asks: are reference and docstring complete; does the example satisfy the assumptions; does a run of
# the example keep every promise; does a run that stands still break them; is the scale of the loss irrelevant?

# %%
sf.testing.check_theorem(LinearFlow())
print("LinearFlow passes;", "linear_flow" in sf.theory.THEOREMS)

# %% [markdown]
# A theorem that promises too much does not pass. Here the exponent is doubled:


# %%
class TooFast(LinearFlow):
    __doc__ = LinearFlow.__doc__

    def predict(self, setting):
        found = super().predict(setting)
        faster = [
            dataclasses.replace(
                p, bound=Curve.geometric(p.bound.weights[0], p.bound.factors[0] ** 2)
            )
            for p in found.promises
        ]
        return dataclasses.replace(found, promises=tuple(faster))


try:
    sf.testing.check_theorem(TooFast())
except AssertionError as error:
    print(str(error).partition(":")[0])

# %% [markdown]
# ## On other data
#
# Asked about a network whose hidden layer is trained too, the theorem says which assumption fails.

# %%
problem = sf.Problem(sf.models.shallow(16), np.eye(4), np.ones(4))
setting = sf.theory.Setting(problem, problem.init(0), 1.0, dynamics="gradient_flow")
for check in LinearFlow().predict(setting).failing:
    print(check)

# %% [markdown]
# Saved as `linear_flow.py`, the class joins every table and plot by `surefit certify --plugin linear_flow.py`. All extension
# points: [extending](../extending.md).
