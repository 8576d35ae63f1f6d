"""PyTorch modules as JAX functions, through `torch.export` (extra `torch`).

| file | what it does |
|---|---|
| `exporting` | a module to its graph of core ATen operations, its parameters and buffers |
| `running` | that graph with JAX arrays |
| `operations` and its kind | the operations, one function each |
"""

from surefit.torch.exporting import as_jax, parameters_of

__all__ = ["as_jax", "parameters_of"]
