"""Zip archives made to do harm: any number of them, the same ones for the same seed.

`zips(200)` is what the table of faults counts; a test takes fewer.
"""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

from bench.support.hostile.pictures import bomb_header, many_scans
from bench.support.makers import picture, saved, two_classes

Files = dict[str, bytes]

LOCAL, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def zips(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Archives, each with the name of its trick; every trick comes about equally often."""
    for number in range(count):
        trick = TRICKS[number % len(TRICKS)]
        chance = random.Random(f"{seed} {number}")
        yield trick.__name__, trick(chance)


def zipped(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # that a name comes twice is what we want
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def entry(
    name: bytes, *, at: int = 0, packed: int = 0, unpacked: int = 0, method: int = 0,
    flags: int = 0, extra: bytes = b"", comment: bytes = b"",
) -> bytes:  # fmt: skip
    """An entry of a directory that says whatever it likes."""
    lengths = struct.pack("<HHH", len(name), len(extra), len(comment))
    head = struct.pack("<HHHHHHIII", 0x0314, 20, flags, method, 0, 0x21, 0, packed, unpacked)
    tail = struct.pack("<HHII", 0, 0, 0, at)
    return ENTRY + head + lengths + tail + name + extra + comment


def local(name: bytes, packed: bytes, unpacked: int, method: int = 8) -> bytes:
    head = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0x21, 0, len(packed), unpacked,
                       len(name), 0)  # fmt: skip
    return LOCAL + head + name + packed


def with_directory(body: bytes, directory: bytes, count: int, size: int | None = None) -> bytes:
    """A body and its directory; the end may lie about both."""
    size = len(directory) if size is None else size
    end = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, size & 0xFFFFFFFF,
                      len(body), 0)  # fmt: skip
    return body + directory + END + end


def outside(chance: random.Random) -> bytes:
    up = "../" * chance.randint(1, 12)
    names = [
        f"{up}evil.png", f"/evil-{chance.random()}.png", f"cats/{up}evil.png",
        "..\\..\\evil.png", "C:\\evil.png", "c:/evil.png", "\\\\host\\share\\evil.png",
        "cats/..", "//evil.png", "cats\\..\\..\\evil.png", f"./{up}evil.png",
    ]  # fmt: skip
    return zipped(two_classes() | {chance.choice(names): picture()})


def links(chance: random.Random) -> bytes:
    """A link out of the folder, and a file that would be written through it."""
    target = chance.choice(["/etc", "/", "../../..", "/proc/self", "/dev/zero"])
    file = io.BytesIO(zipped(two_classes()))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo(chance.choice(["cats/link.png", "birds", "dogs/0"]))
        link.external_attr = 0o120777 << 16
        archive.writestr(link, target)
        archive.writestr(f"{link.filename}/evil.png", picture())
    return file.getvalue()


def bomb_by_ratio(chance: random.Random) -> bytes:
    zeros = b"\0" * chance.randint(20, 60) * 2**20
    return zipped(two_classes() | {"cats/bomb.png": zeros}, zipfile.ZIP_DEFLATED)


def bomb_that_lies(chance: random.Random) -> bytes:
    """It says that it holds a little picture, and unpacks to a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(b"\0" * 2**24) for _ in range(64)) + packer.flush()
    says = chance.randint(len(packed) // 100, 10**7)
    body, directory = b"", b""
    for name in (b"cats/1.png", b"dogs/1.png"):
        directory += entry(name, at=len(body), packed=len(packed), unpacked=says, method=8)
        body += local(name, packed, says)
    return with_directory(body, directory, 2)


def bomb_within_limits(chance: random.Random) -> bytes:
    """As large as may be, and no picture."""
    noise = b"".join(
        b"\0" * 900 + chance.randbytes(8) for _ in range(chance.randint(25, 50) * 1_000)
    )
    return zipped({"cats/1.png": noise, "dogs/1.png": picture()}, zipfile.ZIP_DEFLATED)


def bomb_of_overlaps(chance: random.Random) -> bytes:
    """Thousands of names for one and the same content."""
    content = chance.randbytes(50_000)
    body = local(b"cats/0.png", content, len(content), 0)
    count = chance.randint(1_000, 15_000)
    directory = b"".join(
        entry(b"cats/%d.png" % number, packed=len(content), unpacked=len(content))
        for number in range(count)
    )
    return with_directory(body, directory, count)


def bomb_by_number(chance: random.Random) -> bytes:
    count = chance.randint(20_001, 300_000)
    return with_directory(b"", b"".join(entry(b"a/%d" % n) for n in range(count)), count)


def bomb_by_claims(chance: random.Random) -> bytes:
    """Each file is allowed; all of them together are not."""
    content = zlib.compress(b"\0" * 6_000_000, 9)[2:-4].ljust(60_001, b"\0")
    count = chance.randint(20, 600)
    piece = local(b"cats/000.png", content, 6_000_000)
    directory = b"".join(
        entry(b"cats/%03d.png" % number, at=number * len(piece), packed=len(content),
              unpacked=6_000_000, method=8)
        for number in range(count)
    )  # fmt: skip
    return with_directory(piece * count, directory, count)


def zips_in_zips(chance: random.Random) -> bytes:
    inner = zipped({"x.zip": bomb_by_ratio(chance)}, zipfile.ZIP_DEFLATED)
    for depth in range(chance.randint(1, 5)):
        inner = zipped({f"{depth}.zip": inner}, zipfile.ZIP_DEFLATED)
    return zipped(two_classes() | {"cats/inner.zip": inner, "cats/inner.png": inner})


def huge_directory(chance: random.Random) -> bytes:
    """Few entries, and each drags along all the bytes it may."""
    rest = b"\0" * 65_500
    count = chance.randint(300, 600)
    made = b"".join(entry(b"a/%d.png" % n, extra=rest, comment=rest) for n in range(count))
    return with_directory(b"", made, count)


def lies_at_the_end(chance: random.Random) -> bytes:
    """The last bytes name a directory that can't be."""
    sound = bytearray(zipped(two_classes()))
    place = sound.rindex(END) + chance.choice([8, 10, 12, 16])
    sound[place : place + 4] = chance.randbytes(4)
    return bytes(sound)


def sixty_four(chance: random.Random) -> bytes:
    """The format for huge archives, with numbers that only it can hold."""
    sound = zipped(two_classes())
    place = sound.rindex(END)
    huge = [chance.choice([0, 1, 2**31, 2**40, 2**63, 2**64 - 1]) for _ in range(4)]
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, *huge)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, chance.choice([place, 2**62]), 1)
    return sound[:place] + record + locator + sound[place:]


def locked(chance: random.Random) -> bytes:
    """Encrypted, or packed in ways that take a lot of memory to undo."""
    method, flags = chance.choice([(0, 1), (8, 1), (12, 0), (14, 0), (93, 0), (99, 0), (1, 0)])
    content = chance.randbytes(100)
    body = local(b"cats/0.png", content, 100, method)
    return with_directory(body, entry(b"cats/0.png", packed=100, unpacked=100, method=method,
                                      flags=flags), 1)  # fmt: skip


def strange_names(chance: random.Random) -> bytes:
    long = "n" * chance.choice([256, 300, 5_000, 60_000])
    names = [
        f"cats/{long}.png", f"{long}/1.png", "\u202egnp.exe/1.png", "<img src=x>/1.png",
        "![](http://127.0.0.1/x)/1.png", "cats/a\nb.png", "cats/\x1b[2J.png", "/".join("d" * 900),
        "CON/1.png", "cats./1.png", "cats /1.png", "./1.png", ".", "./", "/", "cats//1.png",
        "👩‍🔬/1.png", "cats/\x7f.png", "\u200bcats/1.png", "cafe\u0301/1.png", "Cats/1.png",
    ]  # fmt: skip
    chosen = {name: picture(seed) for seed, name in enumerate(chance.sample(names, 4))}
    return zipped(two_classes() | chosen)


def same_names(chance: random.Random) -> bytes:
    """Classes that one would take for one, or a file twice."""
    pairs = [
        ("Cats", "cats"), ("caf\u00e9", "cafe\u0301"), ("cats", "cats\u200b"), ("cats", "cats "),
        ("STRASSE", "straße"), ("x" * 101, "x" * 102),
    ]  # fmt: skip
    first, second = chance.choice(pairs)
    twice = zipped({"a/1.png": picture(), "a/2.png": picture(1)}).replace(b"a/2.png", b"a/1.png")
    alike = zipped({f"{first}/1.png": picture(), f"{second}/1.png": picture(1), "dogs/1.png": b""})
    return chance.choice([alike, alike, alike, twice])


def picture_bombs(chance: random.Random) -> bytes:
    side = chance.choice([6_400, 20_000, 65_000])
    small = saved(Image.new("RGB", (4_000, 5_000)))
    made = [bomb_header(side, side), many_scans(chance.randint(100, 2_000)), small]
    return zipped(two_classes() | {f"cats/b{n}.png": content for n, content in enumerate(made)})


def no_classes(chance: random.Random) -> bytes:
    made: list[Files] = [
        {}, {"1.png": picture()}, {"cats/1.png": picture()}, {"cats/": b"", "dogs/": b""},
        {"cats/1.png": picture(), "dogs/": b""}, {"cats/1.png": picture(), "dogs/1.png": b"x"},
        {"__MACOSX/cats/1.png": picture(), "__MACOSX/dogs/1.png": picture(1)},
    ]  # fmt: skip
    return zipped(chance.choice(made))


def cut(chance: random.Random) -> bytes:
    sound = zipped(two_classes())
    return sound[: chance.randrange(len(sound))]


def changed(chance: random.Random) -> bytes:
    sound = bytearray(zipped(two_classes(), zipfile.ZIP_DEFLATED))
    for _ in range(chance.randint(1, 40)):
        sound[chance.randrange(len(sound))] = chance.randrange(256)
    return bytes(sound)


def no_zip(chance: random.Random) -> bytes:
    return chance.choice([b"", b"PK", b"Rar!\x1a\x07\x00", END + b"\0" * 18, chance.randbytes(999)])


TRICKS: tuple[Callable[[random.Random], bytes], ...] = (
    outside, links, bomb_by_ratio, bomb_that_lies, bomb_within_limits, bomb_of_overlaps,
    bomb_by_number, bomb_by_claims, zips_in_zips, huge_directory, lies_at_the_end, sixty_four,
    locked, strange_names, same_names, picture_bombs, no_classes, cut, changed, no_zip,
)  # fmt: skip
