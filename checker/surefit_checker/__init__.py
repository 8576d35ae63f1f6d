"""Checks certificates of convergence; NumPy and python-flint only."""
