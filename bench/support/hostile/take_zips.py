"""Takes each zip as an upload: `python -m bench.support.hostile.take_zips FILE...`"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.support.hostile.footprint import swallow
from tlcore.access import LOCAL
from tlcore.data.uploads.files import keep_upload


def take(path: Path) -> str:
    return f"kept: {' '.join(keep_upload(path, by=LOCAL).notes)}"


if __name__ == "__main__":
    swallow(take, sys.argv[1:])
