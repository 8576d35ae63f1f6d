"""Labels, file names and plug-ins that try to run a script in the page of their run."""

import csv
import re

import numpy as np
import pytest

from surefit import report, workflows
from surefit.core.plugins import load_plugins
from surefit.runs import CertifySpec
from surefit.runs.kernel_spec import KernelSpec

BREAKOUT = "</script><script>window.hacked=1</script>"
LABELS = [
    f'a"{BREAKOUT}',
    "b'\u2028\u2029<img src=x onerror=window.hacked=1><!--",
]
NAME = "d'\"><svg onload=window.hacked=1>&amp;.csv"
PLUGIN = f'''
import dataclasses
from surefit.activations import Tanh

@dataclasses.dataclass(frozen=True)
class Hostile(Tanh):
    """{BREAKOUT}"""

    def __repr__(self):
        return "{BREAKOUT}"
'''


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(24, 4))
    path = tmp_path_factory.mktemp("hostile") / NAME
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"<b>{BREAKOUT}", *"xyz", "label"])
        writer.writerows([*row, LABELS[i % 2]] for i, row in enumerate(x.tolist()))
    return path


@pytest.fixture(scope="module")
def hostile_pages(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    plugin = folder / "plugin.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    load_plugins([plugin])
    network = {"network": "shallow", "activation": "hostile", "width": 16}
    only = {"theorems": ("lee_2019",), "monitors": ("loss",), "steps": 3}
    spec = CertifySpec(data=str(table), **network, **only)
    writers = (report.write_page,)
    made = {"certify": workflows.certify(spec, folder / "certify", writers=writers)}
    kernel = KernelSpec(data=str(table), network="shallow", kernel="ntk", test_fraction=0.0)
    writers = (report.write_kernel,)
    made["kernel"] = workflows.kernel(kernel, folder / "kernel", writers=writers)
    return {name: done.directory / "report.html" for name, done in made.items()}


@pytest.mark.parametrize("name", ["certify", "kernel"])
def test_the_names_are_there_and_escaped(hostile_pages, name):
    page = hostile_pages[name].read_text(encoding="utf-8")
    # The name of the file and the labels are shown, as text.
    assert "onload=window.hacked" in page
    assert name == "certify" or "a&quot;&lt;/script&gt;" in page
    assert "<svg onload" not in page
    assert "<img src=x" not in page
    assert BREAKOUT not in page
    # The line separators that end a line in a script, but not in JSON.
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    assert scripts
    assert not any("\u2028" in script or "\u2029" in script for script in scripts)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["certify", "kernel"])
def test_no_script_of_theirs_runs(browser, hostile_pages, name):
    browser.open(hostile_pages[name], 1280)
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.evaluate("typeof window.hacked") == "undefined"
    assert browser.complaints() == []
    assert browser.requests() == []


@pytest.mark.browser
def test_a_script_would_be_noticed(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        f"<p>{BREAKOUT}</p><script>document.documentElement.dataset.ready = 'yes'</script>"
    )
    browser.open(page, 1280)
    assert browser.evaluate("typeof window.hacked") == "number"
