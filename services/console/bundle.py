"""The page's modules as one script, for a file that has to do without a server.

ES modules are loaded by address, and a file opened from a disk may load no other. Each module becomes a function that
is called once, in the order of their imports. Only the forms that these modules use are understood; another one is an
error and not a guess.
"""

import re
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.{1,2}/[^"]+)";[ \t]*$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+) =)", re.MULTILINE)
_UNKNOWN: Final = re.compile(r"^(?:import|export)\b.*$|\bimport\s*\(|\bimport\.meta\b", re.MULTILINE)


class BundleError(Exception):
    """A module that cannot be put into one script; the message says which and why."""


def bundled(entry: Path) -> str:
    """One script of a module and of all that it imports, of these very files.

    Raises BundleError for a form of import or export that is not understood, and for modules that import each other.
    """
    written: dict[Path, str] = {}
    _add(entry.resolve(), written, ())
    return "\n".join(['"use strict";', *written.values()])


def _add(module: Path, written: dict[Path, str], above: tuple[Path, ...]) -> str:
    """Write what a module imports, and then the module; the name of what it exports."""
    if module in above:
        raise BundleError(f"{module.name} imports itself, by way of {above[-1].name}")
    if module in written:
        return written[module].split(" ", 2)[1]
    text = module.read_text()
    names = {
        path: _add((module.parent / path).resolve(), written, (*above, module)) for _, path in _IMPORT.findall(text)
    }
    name = f"module_{len(written)}"
    body = _IMPORT.sub(lambda found: f"const {{{_renamed(found[1])}}} = {names[found[2]]};", text)
    exported = [next(filter(None, found)) for found in _EXPORT.findall(body)]
    body = _EXPORT.sub("", body)
    if unknown := _UNKNOWN.search(body):
        raise BundleError(f"{module.name}: {unknown[0].strip()!r} is a form that is not understood")
    written[module] = f"const {name} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"
    return name


def _renamed(names: str) -> str:
    """`{ a as b }` of an import as the pattern `{ a: b }`."""
    return re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", names)
