"""How long the site of a store of 1,000 runs takes to open in Chromium.

`python -m benchmarks.site_opening` makes a synthetic store and its site in a temporary folder, then
opens the site with a browser of its own each time (nothing cached but the files on the disk), and a
second time in the same browser. Times count from the start of the navigation: `table` until the
table of runs is there, `figure` until the first figure is drawn too. `processor` is the time that
the page's main thread computed until then, which other work on the machine hardly changes.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from surefit.report import write_site

BESIDE = Path(__file__).parents[1] / "tests" / "report"
TIMES = 5
MARKS = "performance.getEntriesByType('mark').map((mark) => mark.startTime)"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BESIDE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def opened(browser, page: Path) -> tuple[float, float, float]:
    """Milliseconds until the table, until the first figure, and computed until then."""
    browser.call("Performance.enable", timeDomain="threadTicks")
    browser.open(page, 1280)
    metrics = browser.call("Performance.getMetrics")["metrics"]
    computed = next(item["value"] for item in metrics if item["name"] == "TaskDuration")
    table, figure = browser.evaluate(MARKS)[:2]
    return table, figure, 1000.0 * computed


def spent() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def main(runs: int = 1000) -> None:
    chromium, stores = load("chromium"), load("stores")
    sizes = (8, 12, 20, 30, 45)
    with tempfile.TemporaryDirectory() as folder:
        root = stores.grid(Path(folder) / "runs", sizes=sizes, seeds=-(-runs // 30))
        for again in ("first time", "again"):
            before = spent()
            page = write_site(root)
            print(f"site made, {again}: {spent() - before:.1f} s of processor time")
        count = len(list((page.parent / "runs").iterdir()))
        print(f"{count} runs, index.html {page.stat().st_size / 1e3:.0f} kB")
        found: dict[str, list[tuple[float, float, float]]] = {"new browser": [], "again": []}
        for _ in range(TIMES):
            with tempfile.TemporaryDirectory() as profile:
                browser = chromium.Chromium(chromium.find(), Path(profile))
                for times in found.values():
                    times.append(opened(browser, page))
                browser.close()
    print(f"{'':12} {'table':>8} {'figure':>8} {'processor':>10}   (ms, medians of {TIMES})")
    for name, times in found.items():
        middle = [statistics.median(column) for column in zip(*times, strict=True)]
        print(f"{name:12} {middle[0]:8.0f} {middle[1]:8.0f} {middle[2]:10.0f}")
        worst = max(time[1] for time in times)
        print(f"{'':12} slowest until the figure: {worst:.0f}")


if __name__ == "__main__":
    main()
