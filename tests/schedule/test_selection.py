import pytest

from tests.outlines import FIVE_BLOCKS
from tlcore.errors import RecipeError
from tlcore.schedule.outline import Outline
from tlcore.schedule.selection import parse_scope

STEM = {"stem.conv.weight", "stem.bn.weight", "stem.bn.bias"}


def _block(number: int) -> set[str]:
    name = f"layer{number}"
    return {f"{name}.conv.weight", f"{name}.bn.weight", f"{name}.bn.bias"}


EVERYTHING = STEM.union(*(_block(number) for number in (1, 2, 3, 4)))


@pytest.mark.parametrize(
    ("words", "thawed"),
    [
        ("head", set()),
        ("all", EVERYTHING),
        ("last 1 block", _block(4)),
        ("last 2 blocks", _block(3) | _block(4)),
        ("last 5 blocks", EVERYTHING),
        ("all but first 1 block", EVERYTHING - STEM),
        ("all but first 5 blocks", set()),
        ("blocks stem, layer2", STEM | _block(2)),
        ("block layer2", _block(2)),
        ("first block only", STEM),
        ("middle block only", _block(2)),
        ("last block only", _block(4)),
        ("last 1 layer", {"layer4.bn.weight", "layer4.bn.bias"}),
        ("last 3 layers", _block(4) | {"layer3.bn.weight", "layer3.bn.bias"}),
        ("all but first 2 layers", EVERYTHING - STEM),
        ("from layer layer4.bn", {"layer4.bn.weight", "layer4.bn.bias"}),
        ("norm and bias", {name for name in EVERYTHING if ".bn." in name}),
        ("  last   2  blocks ", _block(3) | _block(4)),
    ],
)
def test_the_words_find_these_parameters(words, thawed):
    assert parse_scope(words)(FIVE_BLOCKS) == thawed


@pytest.mark.parametrize(
    "words",
    ["", "Head", "last blocks", "last -1 blocks", "last two blocks", "blocks", "blocks a b",
     "from layer", "everything", "last 1 blocks; all", "last 9999999 layers"],
)  # fmt: skip
def test_other_words_are_answered_with_the_grammar(words):
    with pytest.raises(ValueError, match="must be one of: head, all, last N blocks"):
        parse_scope(words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("last 6 blocks", ("6 blocks", "only 5 blocks")),
        ("all but first 11 layers", ("11 layers", "only 10 layers")),
        ("blocks layer2, layr3", ("'layr3'", "no block", "Did you mean 'layer3'?")),
        ("from layer layer5.conv", ("'layer5.conv'", "no layer", "stem.conv")),
    ],
)
def test_what_this_backbone_lacks_is_named_with_what_it_has(words, says):
    with pytest.raises(RecipeError) as caught:
        parse_scope(words)(FIVE_BLOCKS)
    for part in says:
        assert part in str(caught.value)


def test_a_network_of_a_head_alone_has_no_block_to_thaw():
    head = Outline(FIVE_BLOCKS.head)
    assert parse_scope("all")(head) == parse_scope("middle block only")(head) == frozenset()
