"""surefit: will gradient descent fit this network, how fast, how wide, and can you prove it?

Names are loaded when they are first used, so that `import surefit` is instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> the module that defines it. Activations, layers and losses need no entry: they
# are found in their catalogues.
_HOME = {
    "Certificate": "surefit.core.certificate",
    "CertifySpec": "surefit.runs",
    "Check": "surefit.core.check",
    "Diagnosis": "surefit.diagnosis",
    "Evidence": "surefit.core.check",
    "FunctionSpace": "surefit.function_space",
    "Kernel": "surefit.core.kernel",
    "KernelSpec": "surefit.runs.kernel_spec",
    "Prediction": "surefit.core.prediction",
    "Problem": "surefit.problem",
    "Trajectory": "surefit.core.trajectory",
    "certify": "surefit.certificates",
    "certify_at_start": "surefit.certificates",
    "compare": "surefit.theory",
    "diagnose": "surefit.diagnosis",
    "empirical_ntk": "surefit.tangent",
    "landscape": "surefit.landscapes",
    "limit_kernel": "surefit.tangent",
    "linearised": "surefit.linearisation",
    "polish": "surefit.polishing",
    "shadow": "surefit.certificates.shadowing",
    "train": "surefit.training",
    "verify": "surefit.workflows.proving",
    "watch": "surefit.diagnosis",
    "well_posedness": "surefit.equilibria",
}
_PACKAGES = (
    "activations",
    "certificates",
    "core",
    "curvature",
    "data",
    "diagnosis",
    "equilibria",
    "errors",
    "estimators",
    "function_space",
    "implicit",
    "landscapes",
    "layers",
    "losses",
    "models",
    "polishing",
    "report",
    "runs",
    "tangent",
    "testing",
    "theory",
    "torch",
    "training",
    "workflows",
)
_CATALOGUES = {
    "surefit.activations": "ACTIVATIONS",
    "surefit.implicit": "SOLVERS",
    "surefit.layers": "LAYERS",
    "surefit.losses": "LOSSES",
    "surefit.training": "METHODS",
}

if TYPE_CHECKING:
    from surefit.activations import *  # noqa: F403
    from surefit.certificates import certify, certify_at_start
    from surefit.certificates.shadowing import shadow
    from surefit.core.certificate import Certificate
    from surefit.core.check import Check, Evidence
    from surefit.core.kernel import Kernel
    from surefit.core.prediction import Prediction
    from surefit.core.trajectory import Trajectory
    from surefit.diagnosis import Diagnosis, diagnose, watch
    from surefit.equilibria import well_posedness
    from surefit.function_space import FunctionSpace
    from surefit.implicit.solvers import *  # noqa: F403
    from surefit.landscapes import landscape
    from surefit.layers import *  # noqa: F403
    from surefit.linearisation import linearised
    from surefit.losses import *  # noqa: F403
    from surefit.polishing import polish
    from surefit.problem import Problem
    from surefit.runs import CertifySpec
    from surefit.runs.kernel_spec import KernelSpec
    from surefit.tangent import empirical_ntk, limit_kernel
    from surefit.theory import compare
    from surefit.training import train
    from surefit.workflows.proving import verify


def _classes() -> dict[str, Any]:
    found = {}
    for module, catalogue in _CATALOGUES.items():
        entries = getattr(importlib.import_module(module), catalogue).entries()
        found.update({cls.__name__: cls for cls in entries.values()})
    return found


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _PACKAGES:
        return importlib.import_module(f"surefit.{name}")
    elif name[:1].isupper() and name in (classes := _classes()):
        value = classes[name]
    else:
        raise AttributeError(f"module 'surefit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_PACKAGES, *_classes()})
