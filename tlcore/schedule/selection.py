"""What a phase thaws, said in words and found in a network's outline.

    head                        the new classifier alone (it always trains)
    all                         everything
    last 2 blocks               the blocks nearest the head
    all but first 2 blocks      everything after the blocks nearest the pictures
    blocks layer3, layer4       blocks by name
    first | middle | last block only
    last 61 layers              layers: modules that own parameters, in the order of the network
    all but first 7 layers
    from layer layer2.3.bn2     this layer and all after it
    norm and bias               every normalisation and every bias, nothing else

A count that the backbone doesn't have, or a name it doesn't know, is a `RecipeError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from tlcore.errors import Problem, RecipeError
from tlcore.schedule.outline import Layer, Outline

Item = TypeVar("Item")
Scope = Callable[[Outline], frozenset[str]]
"""Given an outline, the names of the backbone parameters that train."""

RULE = (
    "must be one of: head, all, last N blocks, all but first N blocks, blocks NAME, ..., "
    "first/middle/last block only, last N layers, all but first N layers, "
    "from layer NAME, norm and bias"
)


def parse_scope(text: str) -> Scope:
    """Turn the words into a function that finds the parameters in an outline.

    >>> parse_scope("last two blocks")
    Traceback (most recent call last):
        ...
    ValueError: must be one of: head, all, last N blocks, all but first N blocks, blocks NAME, \
..., first/middle/last block only, last N layers, all but first N layers, from layer NAME, \
norm and bias
    """
    words = " ".join(text.split())
    for pattern, make in _GRAMMAR:
        if match := re.fullmatch(pattern, words):
            return make(*match.groups())
    raise ValueError(RULE)


def spoken(thaw: str) -> str:
    """The same words as people say them.

    >>> spoken("last 1 blocks"), spoken("all but first 1 layers"), spoken("all")
    ('the last block', 'all but the first layer', 'everything')
    >>> spoken("block block1"), spoken("blocks block1, block2"), spoken("block stem")
    ('block 1', 'blocks 1, 2', 'stem')
    """
    words = " ".join(thaw.split())
    if match := re.fullmatch(r"(last|all but first) 1 (block|layer)s?", words):
        return f"{match[1].replace('first', 'the first').replace('last', 'the last')} {match[2]}"
    if match := re.fullmatch(r"blocks? (.+)", words):
        numbers = re.sub(r"\bblock(?=\d)", "", match[1])
        if numbers == match[1]:
            return numbers
        return f"{'blocks' if ',' in numbers else 'block'} {numbers}"
    return "everything" if words == "all" else words


def _head() -> Scope:
    return lambda outline: frozenset()


def _all() -> Scope:
    return lambda outline: _names(outline.backbone)


def _last_blocks(count: str) -> Scope:
    return lambda outline: _of_blocks(outline, _tail(outline.blocks, int(count), "blocks"))


def _skip_blocks(count: str) -> Scope:
    return lambda outline: _of_blocks(outline, _rest(outline.blocks, int(count), "blocks"))


def _last_layers(count: str) -> Scope:
    return lambda outline: _names(_tail(outline.backbone, int(count), "layers"))


def _skip_layers(count: str) -> Scope:
    return lambda outline: _names(_rest(outline.backbone, int(count), "layers"))


def _one_block(where: str) -> Scope:
    def find(outline: Outline) -> frozenset[str]:
        place = {"first": 0, "middle": len(outline.blocks) // 2, "last": -1}[where]
        return _of_blocks(outline, outline.blocks[place:][:1])

    return find


def _named_blocks(names: str) -> Scope:
    wanted = tuple(name.strip() for name in names.split(","))

    def find(outline: Outline) -> frozenset[str]:
        for name in wanted:
            _must_exist(name, outline.blocks, "block")
        return _of_blocks(outline, wanted)

    return find


def _from_layer(name: str) -> Scope:
    def find(outline: Outline) -> frozenset[str]:
        names = tuple(layer.name for layer in outline.backbone)
        _must_exist(name, names, "layer")
        return _names(outline.backbone[names.index(name) :])

    return find


def _norm_and_bias() -> Scope:
    return lambda outline: frozenset(
        name
        for layer in outline.backbone
        for name, _ in layer.parameters
        if layer.is_norm or name.endswith("bias")
    )


_GRAMMAR: list[tuple[str, Callable[..., Scope]]] = [
    (r"head", _head),
    (r"all", _all),
    (r"last (\d{1,6}) blocks?", _last_blocks),
    (r"all but first (\d{1,6}) blocks?", _skip_blocks),
    (r"last (\d{1,6}) layers?", _last_layers),
    (r"all but first (\d{1,6}) layers?", _skip_layers),
    (r"(first|middle|last) block only", _one_block),
    (r"blocks? ([\w.]+(?:, ?[\w.]+)*)", _named_blocks),
    (r"from layer ([\w.]+)", _from_layer),
    (r"norm and bias", _norm_and_bias),
]


def _names(layers: tuple[Layer, ...]) -> frozenset[str]:
    return frozenset(name for layer in layers for name, _ in layer.parameters)


def _of_blocks(outline: Outline, blocks: tuple[str, ...]) -> frozenset[str]:
    return _names(tuple(layer for layer in outline.backbone if layer.block in blocks))


def _tail(items: tuple[Item, ...], count: int, noun: str) -> tuple[Item, ...]:
    _must_fit(count, len(items), noun)
    return items[len(items) - count :]


def _rest(items: tuple[Item, ...], count: int, noun: str) -> tuple[Item, ...]:
    _must_fit(count, len(items), noun)
    return items[count:]


def _must_fit(count: int, have: int, noun: str) -> None:
    if count > have:
        rule = f"this backbone has only {have} {noun} before its head"
        raise RecipeError([Problem("schedule", f"{count} {noun}", rule)])


def _must_exist(name: str, names: tuple[str, ...], noun: str) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=1)
        known = ", ".join(names) if len(names) <= 20 else f"{names[0]} ... {names[-1]}"
        rule = f"is no {noun} of this backbone, which has {known}"
        raise RecipeError([Problem("schedule.phases", repr(name), rule, *near)])
