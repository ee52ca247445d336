"""Which lines of the training room ask or tell an accelerator something."""

from __future__ import annotations

import ast
from pathlib import Path

import tlcore.nn

ROOM = Path(tlcore.nn.__file__).parent
ONLY_REAL = {("device.py", "torch.mps.empty_cache"), ("seeding.py", "torch.mps.manual_seed")}
"""What no test reaches without the machine: Apple's GPUs aren't pretended."""

_ASKING = ("torch.cuda", "torch.mps", "torch.backends.cuda", "torch.backends.cudnn")
_OF_ITS_MODULE = {"module.device", "module.manual_seed", "module.empty_cache"}


def asking() -> dict[tuple[str, int], str]:
    """File and line of each, and what is asked."""
    found: dict[tuple[str, int], str] = {}
    for path in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute | ast.Call):
                what = ast.unparse(node.func if isinstance(node, ast.Call) else node)
                module = "get_device_module" in what or what in _OF_ITS_MODULE
                if what.startswith(_ASKING) or module:
                    key = (path.relative_to(ROOM).as_posix(), node.lineno)
                    found[key] = max(found.get(key, ""), what, key=len)
    return found
