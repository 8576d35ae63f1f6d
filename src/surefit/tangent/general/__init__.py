"""Tangent kernels of any function of parameters and examples, operation by operation.

| file | what it does |
|---|---|
| `views` | follows a leaf of the parameters through transposes, reshapes and scalar factors |
| `uses` | brings products, convolutions and look-ups with a leaf into one form |
| `windows` | what every window of a convolution sees |
| `interpreter` | runs a jaxpr with taps behind those operations |
| `loops` | the same through `scan` |
| `parts` | finds which leaves can be tapped, and computes the parts of all gradients |
"""

from surefit.tangent.general.parts import Analysis, analyse, general_parts

__all__ = ["Analysis", "analyse", "general_parts"]
