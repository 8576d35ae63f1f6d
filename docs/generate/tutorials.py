"""Tutorials as pages: `python docs/generate/tutorials.py [NAME ...]` runs them and writes what they print.

A tutorial is a Python file in percent format: cells begin with `# %%`, text with `# %% [markdown]`. Its page
beside it (NAME.md) has the text, the code, what the code printed and the figures that it drew; it is checked in, so that
building the documentation runs nothing. `--check` runs the code and compares what it prints with the page.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tutorials"
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
OUTPUT = re.compile(r'^```text title="Output"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FIGURE = "![figure]"


def cells(text):
    """(kind, content) of every cell; kind is `markdown` or `code`."""
    parts = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)
    for mark, body in zip(parts[1::2], parts[2::2], strict=True):
        if "[markdown]" in mark:
            yield (
                "markdown",
                "\n".join(re.sub(r"^# ?", "", line) for line in body.strip().splitlines()),
            )
        elif body.strip():
            yield "code", body.strip()


def executed(path):
    """The cells with what they printed and drew, run in an empty folder."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "surefit", "svg.fonttype": "none", "font.size": 9})
    here, names = Path.cwd(), {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for kind, content in cells(path.read_text(encoding="utf-8")):
                if kind == "markdown":
                    yield kind, content, "", []
                    continue
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    exec(compile(content, path.name, "exec"), names)
                figures = []
                for number in plt.get_fignums():
                    drawn = io.StringIO()
                    plt.figure(number).savefig(drawn, format="svg", metadata={"Date": None})
                    figures.append(drawn.getvalue())
                plt.close("all")
                yield kind, content, out.getvalue(), figures
        finally:
            os.chdir(here)


def render(path):
    """Run a tutorial and write its page and figures."""
    parts, drawn = [], 0
    for kind, content, printed, figures in executed(path):
        if kind == "markdown":
            parts.append(content)
            continue
        parts.append(f"```python\n{content}\n```")
        if printed.strip():
            parts.append(f'```text title="Output"\n{tidy(printed)}\n```')
        for figure in figures:
            drawn += 1
            name = f"{path.stem}_{drawn}.svg"
            path.with_name(name).write_text(figure, encoding="utf-8")
            parts.append(f"{FIGURE}({name})")
    foot = (
        f"*This page is [{path.name}]({path.name}), executed by `make tutorials`; "
        "the outputs are what it printed.*"
    )
    page = "\n\n".join([*parts, foot]) + "\n"
    path.with_suffix(".md").write_text(page, encoding="utf-8")


def tidy(printed):
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def differences(path):
    """What a run prints now and the page does not show; numbers may differ by a fiftieth."""
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    shown = [block.rstrip("\n") for block in OUTPUT.findall(page)]
    found, printed, drawn = [], [], 0
    for kind, content, text, figures in executed(path):
        if content not in page:
            found.append(f"not on the page: {kind} {content[:60]!r}")
        if kind == "code" and text.strip():
            printed.append(tidy(text))
        drawn += len(figures)
    if len(shown) != len(printed):
        return [*found, f"{len(printed)} outputs, {len(shown)} on the page"]
    if drawn != page.count(FIGURE):
        found.append(f"{drawn} figures, {page.count(FIGURE)} on the page")
    pairs = zip(shown, printed, strict=True)
    return found + [f"{old!r} is now {new!r}" for old, new in pairs if not alike(old, new)]


def alike(old, new):
    """Whether two texts have the same words, and numbers that are the same up to a fiftieth."""
    # Columns are as wide as the numbers in them.
    words = [re.sub(r"[\s─]+", " ", NUMBER.sub("#", text)) for text in (old, new)]
    if words[0] != words[1]:
        return False
    numbers = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(abs(float(a) - float(b)) <= 0.02 * abs(float(a)) + 1e-9 for a, b in numbers)


def main(words):
    """Render or check the named tutorials, or all of them."""
    chosen = [word for word in words if not word.startswith("--")]
    paths = [FOLDER / f"{name}.py" for name in chosen] or sorted(FOLDER.glob("*.py"))
    wrong = []
    for path in paths:
        if "--check" in words:
            wrong += [f"{path.name}: {line}" for line in differences(path)]
        else:
            render(path)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
