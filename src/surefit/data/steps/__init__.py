"""Preprocessing steps: one file each."""
