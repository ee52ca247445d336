"""Which lines ask an accelerator, and which of them no test can reach without one."""

import sys
from pathlib import Path

import torch

from bench.engine.lines import ONLY_REAL, ROOM, asking
from tlcore.nn import device, seeding


def reached(card):
    """The lines that run when each helper is used on a pretended card."""
    lines, cuda = set(), torch.device("cuda:1")

    def trace(frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if ROOM not in path.parents:
            return None
        lines.add((path.relative_to(ROOM).as_posix(), frame.f_lineno))
        return trace

    before = sys.gettrace()
    with card():
        sys.settrace(trace)
        try:
            device.choose_precision("auto", device.choose_device())
            device.keep_promises(torch.float32, cuda)
            device.give_memory_back(cuda)
            device.available_memory(cuda)
            device.describe()
            device._best_kind()
            seeding.seed_dropout(cuda, 0, "step")
        finally:
            sys.settrace(before)
    return lines


def test_two_files_alone_speak_to_accelerators_and_all_but_apple_s_lines_are_reached(card):
    wanted = asking()
    assert {path for path, _ in wanted} == {"device.py", "seeding.py"}
    unreached = {(path, wanted[path, line]) for path, line in wanted.keys() - reached(card)}
    only_real = {(path, what) for path, what in unreached if "torch.backends.mps" not in what}
    print(f"{len(wanted)} lines ask an accelerator; only a real one runs {sorted(only_real)}")
    assert only_real == ONLY_REAL
