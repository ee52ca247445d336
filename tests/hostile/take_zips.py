"""Takes each zip as an upload: `python -m tests.hostile.take_zips FILE...`"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.hostile.footprint import swallow
from tlcore.data.upload import keep_upload
from tlcore.runs.owners import LOCAL


def take(path: Path) -> str:
    return f"kept: {' '.join(keep_upload(path, by=LOCAL).notes)}"


if __name__ == "__main__":
    swallow(take, sys.argv[1:])
