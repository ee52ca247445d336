"""What lies beside the package in a checkout travels inside it, as `tlcore/front`, in a wheel.

Everything else about the package is in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FRONT = (
    "app.py",
    "pages",
    "checkpoints",
    ".streamlit",
    "requirements.txt",
    "requirements-ship.txt",
)


class BuildWithFront(build_py):  # type: ignore[misc]  # setuptools has no types
    """Takes along what `tlcore.paths.PROJECT` is asked for."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # which leaves the package in the checkout, with all this beside it
            return
        front = Path(self.build_lib) / "tlcore" / "front"
        for name in FRONT:
            found = Path(name)
            if found.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(found, front / name, ignore=ignored, dirs_exist_ok=True)
            else:
                front.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, front / name)


setup(cmdclass={"build_py": BuildWithFront})
