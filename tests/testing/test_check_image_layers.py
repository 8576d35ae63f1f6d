"""The suite of layers finds kernels of images that are wrong."""

import dataclasses

import pytest

import surefit as sf
from surefit.layers import AveragePool, Conv
from surefit.testing import check_layer


@dataclasses.dataclass(frozen=True)
class Unmixed(Conv):
    """The kernel of independent weights at every position, for weights that are shared."""

    def kernel(self, k):
        return Conv.kernel(dataclasses.replace(self, shared=False), k)


@dataclasses.dataclass(frozen=True)
class SamePositions(AveragePool):
    """The variance of a mean without the covariances of what it is of."""

    def kernel(self, k):
        windows = self.windows((*k.space, k.width))
        due = AveragePool.kernel(self, k)
        rank = len(k.space)
        return dataclasses.replace(
            due,
            nngp=windows.mean(k.nngp, 2, 2 + rank),
            variance1=windows.mean(k.variance1, 1, 1 + rank),
            variance2=windows.mean(k.variance2, 1, 1 + rank),
        )


@pytest.mark.parametrize(
    "layer",
    [Unmixed(2, 2, bias_std=0.5), sf.Serial(Conv(3, 1), SamePositions(2, 1))],
    ids=["unmixed", "same positions"],
)
def test_wrong_covariances_of_positions_are_found(layer):
    with pytest.raises(AssertionError, match="the limit nngp is the mean over random parameters"):
        check_layer(layer, (3, 2, 2))
