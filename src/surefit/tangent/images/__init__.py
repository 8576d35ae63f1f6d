"""Limit kernels of networks on images, in blocks of pairs that stay in cache."""

from surefit.tangent.images.kernel import covers, image_kernel, pays

__all__ = ["covers", "image_kernel", "pays"]
