r"""Two-layer networks $V\phi(Wx)$ with both layers trained: spectra and explicit conditions.

| you have | you want | use |
|---|---|---|
| samples | singular values of their tensor powers | `hadamard_spectrum` |
| an activation | the weights of its Hermite series | `series_weights` |
| both | the degree that proves most | `admissible_degree` |
| both | spectrum of the feature kernel at infinite width, and bounds on it | `feature_kernel` |
| weights as well | singular values of the features | `feature_spectrum` |
| all weights | $\mu$, $\nu$, $\beta$ of the network (Lemma 3) | `shallow_isometry` |
| any network | the same from its Jacobian | `jacobian_isometry` |
| these and $h(w_0)$ | whether training converges | `flow`, `descent`, `descent_short_path` |
| the same | Theorems 1 and 2 as printed | `printed_flow`, `printed_descent` |
| a data set | the width at which a form would apply | `typical_start`, `required_width` |
"""

from surefit.theory.shallow.coefficients import (
    AdmissibleDegree,
    SeriesWeights,
    admissible_degree,
    series_weights,
)
from surefit.theory.shallow.explicit import descent, descent_short_path, flow
from surefit.theory.shallow.feature_kernel import EigenvalueBound, FeatureKernel, feature_kernel
from surefit.theory.shallow.features import (
    FeatureSpectrum,
    feature_spectrum,
    width_at_least_samples,
)
from surefit.theory.shallow.framework import (
    Convergence,
    NearIsometry,
    StableBall,
    stable_ball,
)
from surefit.theory.shallow.hadamard import (
    HadamardSpectrum,
    hadamard_power,
    hadamard_spectrum,
    symmetric_dimension,
)
from surefit.theory.shallow.isometry import SMOOTHNESS, shallow_isometry, smoothness_constant
from surefit.theory.shallow.jacobian import jacobian_isometry
from surefit.theory.shallow.printed import (
    HiddenConstants,
    printed_descent,
    printed_flow,
    printed_path,
)
from surefit.theory.shallow.width import TypicalStart, required_width, typical_start

__all__ = [
    "SMOOTHNESS",
    "AdmissibleDegree",
    "Convergence",
    "EigenvalueBound",
    "FeatureKernel",
    "FeatureSpectrum",
    "HadamardSpectrum",
    "HiddenConstants",
    "NearIsometry",
    "SeriesWeights",
    "StableBall",
    "TypicalStart",
    "admissible_degree",
    "descent",
    "descent_short_path",
    "feature_kernel",
    "feature_spectrum",
    "flow",
    "hadamard_power",
    "hadamard_spectrum",
    "jacobian_isometry",
    "printed_descent",
    "printed_flow",
    "printed_path",
    "required_width",
    "series_weights",
    "shallow_isometry",
    "smoothness_constant",
    "stable_ball",
    "symmetric_dimension",
    "typical_start",
    "width_at_least_samples",
]
