"""How much may be handed in: little where anybody may, much where one knows each other."""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.access import is_public

MEGABYTE = 10**6


@dataclass(frozen=True)
class Limits:
    """What is taken at most.

    Attributes:
        bytes: Of all pictures of an upload together, and of the zip they come in.
        pictures: In an upload.
        classes: In an upload.
        pixels: Of all pictures of an upload: a picture of few bytes can take long to open.
        owner_bytes: Of all that one person has handed in, the bin included.
        owner_uploads: Uploads of one person, the bin included.
        owner_pictures: Pictures of one person, the bin included.
        total_bytes: Of all that everybody has handed in.
        free_bytes: What has to stay free on the disk.
    """

    bytes: int
    pictures: int
    classes: int
    pixels: int
    owner_bytes: int
    total_bytes: int
    owner_uploads: int = 10_000
    owner_pictures: int = 1_000_000
    free_bytes: int = 0


GENEROUS = Limits(
    bytes=2_000 * MEGABYTE,
    pictures=20_000,
    classes=1_000,
    pixels=100_000 * MEGABYTE,
    owner_bytes=20_000 * MEGABYTE,
    total_bytes=100_000 * MEGABYTE,
)
PUBLIC = Limits(
    bytes=20 * MEGABYTE,
    pictures=500,
    classes=20,
    pixels=500 * MEGABYTE,
    owner_bytes=60 * MEGABYTE,
    total_bytes=2_000 * MEGABYTE,
    owner_uploads=50,
    owner_pictures=5_000,
    free_bytes=5_000 * MEGABYTE,
)


def usual_limits() -> Limits:
    """The limits where nobody has set others."""
    return PUBLIC if is_public() else GENEROUS
