"""Nothing that is read is ever run: no source of the program calls what could.

XML is read through defusedxml and YAML by `safe_load`; sockets are those of this computer.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnseg_gui
import cnnseg_models

_NEVER_CALLED = {
    *("eval", "exec", "compile", "__import__", "execfile"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("torch.hub.load", "torch.jit.load", "torch.package.PackageImporter"),
    *("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "yaml.Loader"),
    *("tempfile.mktemp", "logging.config.dictConfig", "logging.config.fileConfig"),
}
_NEVER_IMPORTED = {
    *("pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "code", "codeop"),
    *("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "yaml.Loader"),
    *("xml", "lxml", "telnetlib", "ftplib", "xmlrpc", "http.server", "PySide6.QtNetwork"),
    *("PySide6.QtWebEngineWidgets", "PySide6.QtQml"),
}
_HARMLESS = {  # the parts of what is never imported that write, or only name a type
    *(f"xml.etree.ElementTree.{name}" for name in ("Element", "SubElement", "ParseError")),
    *(f"xml.etree.ElementTree.{name}" for name in ("indent", "tostring")),
    *("xml.sax.saxutils.escape", "xml.sax.saxutils.quoteattr"),
    *("PySide6.QtNetwork.QLocalServer", "PySide6.QtNetwork.QLocalSocket"),
}
_SOURCES = sorted(
    path
    for package in (cnnseg_gui, cnnseg_models)
    for path in Path(str(package.__file__)).parent.rglob("*.py")
)


def findings(source: str) -> Iterator[str]:
    """What a source does that could run data as code, with its line."""
    for node in ast.walk(ast.parse(source)):
        for name in set(_imported(node)) - _HARMLESS:
            if any(name == banned or name.startswith(f"{banned}.") for banned in _NEVER_IMPORTED):
                yield f"{name} is imported"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            arguments = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in _NEVER_CALLED:
                yield f"line {node.lineno}: {called}"
            if called == "torch.load" and arguments.get("weights_only") != "True":
                yield f"line {node.lineno}: torch.load without weights_only=True"
            if called.endswith(".load") and arguments.get("allow_pickle", "False") != "False":
                yield f"line {node.lineno}: allow_pickle"
            if arguments.get("shell", "False") != "False":
                yield f"line {node.lineno}: a shell"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_source_runs_what_it_reads(path: Path) -> None:
    assert list(findings(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "import pickle",
        "from xml.etree import ElementTree",
        "from xml.etree.ElementTree import fromstring",
        "import xml.sax",
        "from yaml import load",
        "yaml.load(text, Loader=yaml.Loader)",
        "from PySide6 import QtNetwork",
        "from PySide6.QtNetwork import QTcpSocket",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
    ],
)
def test_it_would_be_noticed(source: str) -> None:
    assert list(findings(source))


def test_the_program_is_looked_at_whole() -> None:
    assert len(_SOURCES) > 200
