"""timm's weights on the Hugging Face hub: what is known of them, and fetching them."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import huggingface_hub
import timm
from timm.models import PretrainedCfg

PATIENCE = 5.0
"""Seconds to wait for an answer. The hub's own tools would try for half a minute."""


class OutOfReach(Exception):
    """The hub gave nothing; the message says why."""


def known_weights(name: str) -> PretrainedCfg | None:
    """What timm knows of the weights of a network, by its name and tag, or its name alone."""
    try:
        return timm.models.get_pretrained_cfg(name)
    except RuntimeError:  # another tag than timm's
        return None


def repository_of(name: str) -> str:
    """Where on the hub the weights are; empty where timm knows of none in a readable format."""
    known = known_weights(name)
    if known is None or not known.hf_hub_id or known.custom_load or known.hf_hub_filename:
        return ""
    return str(known.hf_hub_id)


def fetch(repository: str) -> Path:
    """Download the weights into the hub's own cache, or fail within seconds.

    Raises:
        OutOfReach: Offline by choice or by fate, or the hub refuses.
    """
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        raise OutOfReach("HF_HUB_OFFLINE is set")
    _must_answer(huggingface_hub.constants.ENDPOINT)
    try:
        return Path(huggingface_hub.hf_hub_download(repository, "model.safetensors"))
    except Exception as error:  # noqa: BLE001 - a network and two libraries may fail in any way
        raise OutOfReach(str(error).strip().partition("\n")[0] or type(error).__name__) from None


def _must_answer(address: str) -> None:
    request = urllib.request.Request(address, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return  # it said no to this question, so it is there
    except OSError:
        raise OutOfReach("it is out of reach from here") from None
