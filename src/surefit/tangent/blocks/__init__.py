"""Gram matrices beyond memory: blocks on disk, and kernel regression over them.

| file | what it does |
|---|---|
| `kernels` | functions of two batches that give a block, and what identifies them |
| `store` | a symmetric matrix in blocks, every block written whole |
| `fill` | computes the missing blocks, here or on a Dask cluster |
| `product` | products of the stored matrix with vectors |
| `preconditioner` | a partial Cholesky factor with random pivots |
| `regression` | kernel ridge regression by conjugate gradients |

Needs the extra `dask`: `pip install 'surefit[dask]'`.
"""

from surefit.tangent.blocks.fill import fill
from surefit.tangent.blocks.kernels import BlockKernel, EmpiricalBlocks, FunctionBlocks, LimitBlocks
from surefit.tangent.blocks.preconditioner import PartialCholesky, partial_cholesky
from surefit.tangent.blocks.product import BlockProduct
from surefit.tangent.blocks.regression import RidgeFit, kernel_ridge, predict
from surefit.tangent.blocks.store import GramStore

__all__ = [
    "BlockKernel",
    "BlockProduct",
    "EmpiricalBlocks",
    "FunctionBlocks",
    "GramStore",
    "LimitBlocks",
    "PartialCholesky",
    "RidgeFit",
    "fill",
    "kernel_ridge",
    "partial_cholesky",
    "predict",
]
