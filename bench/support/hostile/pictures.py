"""Pictures made to do harm, and sound ones spoilt at random: the same ones for the same seed.

`mutations(20_000)` is what the table of faults counts; a test takes fewer.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from bench.support.makers import picture, saved

_PNG = b"\x89PNG\r\n\x1a\n"
_SCAN = b"\xff\xda"
_NUMBERS = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff", b"\x7f\xff\xff\xff",
            b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x00\x00\x80\x00")  # fmt: skip


def mutations(count: int, seed: int = 0) -> Iterator[bytes]:
    """Sound pictures of every kind, each spoilt in its own way."""
    kinds = sound_pictures()
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        yield _mutated(kinds[number % len(kinds)], kinds, chance)


@cache
def sound_pictures() -> tuple[bytes, ...]:
    """One of every format and kind that the lab reads."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.open(BytesIO(picture(size=(40, 30))))
    grey = photo.convert("L")
    deep = Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50)
    frames = [photo, photo.rotate(180)]
    moving = {"save_all": True, "append_images": frames[1:]}
    palette = photo.convert("P")
    return (
        *(saved(photo, form) for form in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")),
        saved(photo, "JPEG", progressive=True, exif=exif),
        saved(photo.convert("CMYK"), "JPEG"),
        saved(photo.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        saved(grey, "JPEG"), saved(grey.convert("1"), "PNG"), saved(deep, "PNG"),
        saved(deep, "TIFF"), saved(grey.convert("F"), "TIFF"), saved(grey.convert("I"), "TIFF"),
        saved(photo.convert("RGBA"), "PNG"), saved(photo.convert("LA"), "PNG"),
        saved(palette, "PNG", transparency=3), saved(palette, "BMP"),
        saved(photo, "WEBP", lossless=True), saved(photo.convert("RGBA"), "WEBP"),
        saved(frames[0], "GIF", **moving), saved(frames[0], "WEBP", **moving),
        saved(frames[0], "PNG", **moving), saved(frames[0], "TIFF", **moving),
        saved(photo, "TIFF", compression="jpeg"), saved(photo, "TIFF", compression="tiff_deflate"),
        saved(grey.convert("1"), "TIFF", compression="group4"),
    )  # fmt: skip


def bomb_header(width: int, height: int) -> bytes:
    """A few bytes that claim to be a huge picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    return _PNG + b"".join(_chunk(kind, content) for kind, content in chunks)


@cache
def _long_photo() -> bytes:
    return saved(Image.new("L", (6_000, 6_000)), "JPEG", progressive=True)


def many_scans(scans: int) -> bytes:
    """A small JPEG that goes over a large picture again and again."""
    sound = _long_photo()
    last = sound.rindex(_SCAN)
    return sound[:last] + sound[last:-2] * scans + sound[-2:]


def _mutated(sound: bytes, kinds: tuple[bytes, ...], chance: random.Random) -> bytes:
    content = bytearray(sound)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
        _CHANGES[chance.randrange(len(_CHANGES))](content, kinds, chance)
    return _repaired(bytes(content)) if chance.random() < 0.5 else bytes(content)


def _flip(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _overwrite(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    """With numbers that programs stumble over, mostly near the front, where sizes stand."""
    value = chance.choice(_NUMBERS)
    front = min(len(content), 200) if chance.random() < 0.7 else len(content)
    place = chance.randrange(front + 1)
    content[place : place + len(value)] = value


def _remove(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    del content[place : place + chance.randint(1, 60)]


def _repeat(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    part = content[place : place + chance.randint(1, 200)]
    content[place:place] = part * chance.randint(1, 20)


def _cut(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    del content[chance.randrange(len(content) + 1) :]


def _splice(content: bytearray, kinds: tuple[bytes, ...], chance: random.Random) -> None:
    """The front of one picture and the back of another."""
    other = kinds[chance.randrange(len(kinds))]
    content[chance.randrange(len(content) + 1) :] = other[chance.randrange(len(other)) :]


_CHANGES = (_flip, _flip, _overwrite, _overwrite, _remove, _repeat, _cut, _splice)


def _repaired(content: bytes) -> bytes:
    """A PNG whose sums fit again, so that its reader goes on to what was changed."""
    if not content.startswith(_PNG):
        return content
    made, place = _PNG, len(_PNG)
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        made += _chunk(kind, body)
        place += 12 + length
    return made


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (len(content).to_bytes(4, "big") + kind + content
            + zlib.crc32(kind + content).to_bytes(4, "big"))  # fmt: skip
