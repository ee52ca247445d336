"""A pretended card as the machine's only accelerator, for as long as a test wants it."""

import pytest

from tests.nn.engine.conftest import kept_weights, pretrained, small  # noqa: F401  fixtures
from tests.nn.pretend.gpu import PretendGpu


@pytest.fixture
def card():
    """Inside `with card() as gpu:` the lab finds an A100, and uses the second of two."""
    return PretendGpu
