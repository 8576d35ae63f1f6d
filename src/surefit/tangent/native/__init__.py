"""Matrices of kernels by a small machine in C, where the package's build found a compiler."""
