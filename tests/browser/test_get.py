"""On a fresh machine CIFAR-10 is a click away, and afterwards nobody is asked for anything."""

from pathlib import Path

import pytest
import timm
from playwright.sync_api import Page, expect
from safetensors.torch import save

from tests.browser.conftest import Lab, visit
from tests.data.sources.hub_sets import parquet, table
from tests.hub.stub import Repository, Stub, serving
from tlcore.access import LOCAL
from tlcore.recipe import presets
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.draft import packed

pytestmark = pytest.mark.timeout(600)  # others may use the machine as well
PIN = "0b2714987fa478483af9968de7c934580d0bb9a2"
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def stand_in() -> Stub:
    """A hub with a small CIFAR-10 in the layout of the real one, with made-up MobileNetV2."""
    files = {
        f"plain_text/{side}-00000-of-00001.parquet": parquet(
            table([row % 10 for row in range(count)], image="img", side=32, names=NAMES)
        )
        for side, count in (("train", 400), ("test", 100))
    }
    weights = save(timm.create_model("mobilenetv2_100").state_dict())
    return Stub({
        "datasets/uoft-cs/cifar10": Repository(files, commit=PIN),
        "models/timm/mobilenetv2_100.ra_in1k": Repository({"model.safetensors": weights}),
    })  # fmt: skip


def report_b():
    """Its recipe, cut down to what a test has time for."""
    fields = to_fields(presets.find("b-mobilenetv2-frozen").recipe)
    fields["data"] |= {"limit_train": 100, "limit_test": 40}
    return from_fields({**fields, "epochs": 1, "input": {**fields["input"], "size": 32}})


def train(page: Page, lab: Lab, runs: int) -> None:
    """Send report B's recipe off, and wait for its end."""
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/runs**")
    store = RunStore(lab.home)
    expect(page.get_by_text("tested", exact=False).first).to_be_visible()
    for _ in range(240):
        found = store.list(by=LOCAL)
        if len(found) == runs and found[0].state == State.FINISHED:
            return
        assert not found or found[0].state != State.FAILED, found[0].reason
        page.wait_for_timeout(500)
    raise AssertionError(f"the run never ended: {store.list(by=LOCAL)[0].state}")


def test_cifar_comes_with_a_click_whatever_happens_to_the_server_and_then_needs_no_network(
    page: Page, tmp_path: Path
):
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    stub = stand_in()
    with serving(stub):
        around = {"HF_ENDPOINT": stub.address, "HF_HOME": str(tmp_path / "hub"),
                  "HF_HUB_OFFLINE": "0"}  # fmt: skip
        lab = Lab(tmp_path / "lab home", **around)
        try:
            stub.faults["pause"] = 0.25
            _get_cifar(page, lab)
            expect(page.get_by_role("progressbar").first).to_be_visible()
            page.reload()
            expect(page.get_by_text("It goes on when this page is closed.")).to_be_visible()
            lab.kill()
            lab.start()
            visit(page, f"{lab.url}/data")
            page.get_by_role("button", name="Choose").nth(1).click()
            expect(page.get_by_text("It goes on when this page is closed.")).to_be_visible()
            stub.faults.clear()
            expect(page.get_by_text("What the network will learn from").first).to_be_visible()

            visit(page, f"{lab.url}/train?recipe={packed(report_b())}")
            page.get_by_role("button", name="Get it").click()
            expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
            train(page, lab, runs=1)
        finally:
            lab.close()
    stub.requests.clear()
    lab = Lab(tmp_path / "lab home", **around)  # nobody listens there any more
    try:
        visit(page, f"{lab.url}/train?recipe={packed(report_b())}")
        train(page, lab, runs=2)
        assert not stub.requests
    finally:
        lab.close()


def _get_cifar(page: Page, lab: Lab) -> None:
    visit(page, f"{lab.url}/data")
    page.get_by_role("button", name="Choose").nth(1).click()
    offer = page.get_by_role("button", name="Get it (144 MB, licence unknown, from the hub)")
    offer.click()
