"""Helpers beside the tests, importable by name in every mode of pytest."""

import importlib.util
import sys
from pathlib import Path

for _name in ("random_maps", "chain_networks", "chain_bounds"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])
