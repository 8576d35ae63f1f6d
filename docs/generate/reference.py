"""The public names: `python docs/generate/reference.py` writes docs/reference.md from the docstrings."""

import enum
import inspect
import re
from pathlib import Path

import surefit as sf

PAGE = Path(__file__).parents[1] / "reference.md"
HEAD = """# Public names

What `import surefit as sf` offers, with the signature and the first line of each docstring; `help(sf.train)` has the whole
of it: shapes, costs, errors, sources. This page is made by `make reference`. Everything else that these pages
use is imported from the package named there.
"""
KINDS = {
    "activations": "ACTIVATIONS",
    "layers": "LAYERS",
    "losses": "LOSSES",
    "implicit": "SOLVERS",
    "training": "METHODS",
    "estimators": None,
    "models": None,
}
TITLES = {
    "activations": "Activations",
    "layers": "Layers",
    "losses": "Losses",
    "implicit": "Solvers of equilibria",
    "training": "Training methods",
    "estimators": "Estimators (`surefit.estimators`)",
    "models": "Networks of the papers (`surefit.models`)",
}


def first_line(thing):
    text = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    math = re.compile(r"\$[^$]*\$")
    text = math.sub(lambda m: m[0].replace("\\|", "\\Vert ").replace("|", "\\vert "), text)
    return text.replace("|", "\\|")


def signature(name, thing):
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return name
    try:
        names = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return name
    shown = [p.name if p.default is p.empty else f"{p.name}=…" for p in names if p.name != "self"]
    if inspect.isclass(thing) and len(shown) > 8:
        shown = [*shown[:8], "…"]
    return f"{name}({', '.join(shown)})"


def table(entries):
    rows = [f"| `{signature(name, thing)}` | {first_line(thing)} |" for name, thing in entries]
    return "\n".join(["| name | |", "|---|---|", *rows])


def written_here(cls):
    return cls.__module__.startswith("surefit.")


def page():
    """The whole page as text."""
    parts = [HEAD]
    listed = set()
    groups = []
    for package, catalogue in KINDS.items():
        module = getattr(sf, package)
        if catalogue is None:
            entries = [(name, getattr(module, name)) for name in sorted(module.__all__)]
        else:
            classes = getattr(module, catalogue).entries().values()
            entries = sorted((c.__name__, c) for c in classes if written_here(c))
        entries = [(name, thing) for name, thing in entries if callable(thing)]
        listed |= {name for name, _ in entries}
        groups.append(f"## {TITLES[package]}\n\n{table(entries)}")
    plain = [n for n in dir(sf) if not n.startswith("_") and n not in listed]
    rest = [(n, getattr(sf, n)) for n in plain]
    modules = [(n, m) for n, m in rest if inspect.ismodule(m) and m.__name__.startswith("surefit.")]
    functions = [(n, f) for n, f in rest if getattr(f, "__module__", "").startswith("surefit.")]
    parts += [f"## Functions and records\n\n{table(functions)}", *groups]
    packages = "\n".join(f"| `surefit.{n}` | {first_line(m)} |" for n, m in modules)
    parts.append(f"## Packages\n\n| package | |\n|---|---|\n{packages}")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
