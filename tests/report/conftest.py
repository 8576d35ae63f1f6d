"""Synthetic runs, their pages, and a browser to look at them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _beside(name: str) -> ModuleType:
    """A module of this folder; test folders are no packages, so it is loaded by its path."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"report_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def records() -> ModuleType:
    """The module of synthetic runs."""
    return _beside("records")


@pytest.fixture(scope="session")
def stores() -> ModuleType:
    """The module of synthetic stores."""
    return _beside("stores")


@pytest.fixture(scope="session")
def store(stores, tmp_path_factory) -> Path:
    """A store of 74 runs and a failed cell, some of whose texts try to break out of the page."""
    root = stores.grid(tmp_path_factory.mktemp("stores") / "runs")
    stores.hostile(root)
    return root


@pytest.fixture(scope="session")
def site(store) -> Path:
    """The site of that store."""
    from surefit.report import write_site

    return write_site(store)


@pytest.fixture(scope="session")
def pages(records, tmp_path_factory) -> dict[str, Path]:
    """The page of every synthetic run, on disk."""
    from surefit.report import render

    folder = tmp_path_factory.mktemp("pages")
    paths = {}
    for name, make in records.RECORDS.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(render(make()), encoding="utf-8", newline="\n")
    return paths


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium; the tests that need it are skipped where there is none."""
    chromium = _beside("chromium")
    binary = chromium.find()
    if binary is None:
        reason = "no Chromium found; install the package `chromium` to look at the report in it"
        if os.environ.get("SUREFIT_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason} (SUREFIT_REQUIRE_BROWSER=1)")
        pytest.skip(reason)
    driver = chromium.Chromium(binary, tmp_path_factory.mktemp("profile"))
    yield driver
    driver.close()
