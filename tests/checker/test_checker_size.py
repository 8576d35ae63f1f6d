"""The checker is to be read: its README lists every file, with the lines of code that it has."""

import ast
import io
import re
import tokenize
from pathlib import Path

CHECKER = Path(__file__).parents[2] / "checker"
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(path):
    """Lines that hold code, without docstrings and comments."""
    text = path.read_text()
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_the_readme_lists_all_files_and_their_lines():
    package, readme = CHECKER / "surefit_checker", (CHECKER / "README.md").read_text()
    listed = set()
    for names, number in re.findall(r"^\| ([^|]*`[^|]*) \| (\d+) \|", readme, re.MULTILINE):
        files = re.findall(r"`([^`]+\.py)`", names)
        assert sum(code_lines(package / name) for name in files) == int(number), names
        assert not listed & set(files)
        listed |= set(files)
    found = {path.relative_to(package) for path in package.rglob("*.py")}
    empty = {path for path in found if path.name == "__init__.py"}
    assert all(code_lines(package / path) <= 3 for path in empty)
    assert listed == {str(path) for path in found - empty}


def test_files_are_short():
    for path in (CHECKER / "surefit_checker").rglob("*.py"):
        assert len(path.read_text().splitlines()) < (250 if path.name == "shadow.py" else 200), path


def test_the_core_is_short():
    readme = (CHECKER / "README.md").read_text()
    core, rest = readme.split("**The core**")[1].split("Everything else")
    numbers = [int(x) for x in re.findall(r"^\| \d\. .* \| (\d+) \|", core, re.MULTILINE)]
    stated = int(re.search(r"networks: (\d+) lines", core).group(1))
    assert stated == sum(numbers) and stated <= 800
    assert len(re.findall(r"^\| `.* \| (\d+) \|", rest, re.MULTILINE)) == 8


def _imported(tree):
    """Names that a file takes from the checker, with the module of each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("surefit_checker"):
            for one in node.names:
                module = node.module.removeprefix("surefit_checker").lstrip(".")
                own = "/".join([*module.split("."), one.name]).lstrip("/") + ".py"
                inside = (CHECKER / "surefit_checker" / own).exists()
                yield one.name, own if inside else module.replace(".", "/") + ".py"


def test_the_core_knows_the_other_pages_by_its_tables_only():
    readme = (CHECKER / "README.md").read_text()
    core = set(
        re.findall(r"`([^`\n]+\.py)`", readme.split("**The core**")[1].split("Everything")[0])
    )
    tables = {"network.py": "KINDS", "checking.py": "PROOFS"}
    others = set()
    for name in core:
        tree = ast.parse((CHECKER / "surefit_checker" / name).read_text())
        foreign = {what: module for what, module in _imported(tree) if module not in core}
        others |= set(foreign.values())
        table = [
            node
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == tables.get(name)
        ]
        listed = {id(one) for node in table for one in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in foreign and id(node) not in listed:
                assert (name, node.id) == ("checking.py", "Wide")  # --bits
    assert {"layers/convolution.py", "statements/shadowing.py", "wide.py"} <= others
