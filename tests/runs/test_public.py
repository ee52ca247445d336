import pytest

from tlcore import paths
from tlcore.access import LOCAL, PUBLIC, anonymous
from tlcore.catalog import CARDS
from tlcore.errors import RecipeError
from tlcore.recipe import Data, Distillation, Head, Model, Recipe
from tlcore.recipe.presets import presets
from tlcore.runs.limits import refuse_foreign, refuse_large
from tlcore.runs.store import RunStore


def of(backbone="resnet18", weights="pretrained", path=""):
    data = Data(name="folder", path=path) if path else Data()
    return Recipe(data=data, model=Model(backbone=backbone, weights=weights))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_whatever_is_in_the_catalogue_is_taken_by_any_of_its_names(card):
    tagged = [f"{card.name}.{card.tag}"] if card.tag else []
    for name in (card.name, *card.aliases, *tagged):
        refuse_foreign(of(name))


@pytest.mark.parametrize(
    "name",
    [
        "regnetx_002",
        "resnet18.someone_elses",
        "resnet18.",
        "hf-hub:anybody/anything",
        "hf_hub:anybody/resnet18",
        "local-dir:/etc",
        "timm/resnet18",
        "resnet18 ",
        "RESNET18",
        "../resnet18",
        "http://127.0.0.1/",
    ],
)
def test_any_other_name_is_refused(name):
    with pytest.raises(RecipeError, match=r"model\.backbone .*must be in the catalogue"):
        refuse_foreign(of(name))


@pytest.mark.parametrize("weights", ["/etc/passwd", "mine.safetensors", "hf-hub:x/y", "Pretrained"])
def test_weights_from_a_file_are_refused(weights):
    with pytest.raises(RecipeError, match=r"model\.weights .*must be pretrained or none"):
        refuse_foreign(of(weights=weights))


def test_an_upload_is_taken_by_its_address():
    refuse_foreign(of(path=f"upload:{'5d' * 16}"))


@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "photos",
        "{uploads}",
        "{uploads}/" + "5d" * 16,
        "upload:",
        "upload:../../etc",
        "upload:" + "5D" * 16,
        "upload:" + "5d" * 16 + "/..",
    ],
)
def test_any_other_path_is_refused(path):
    with pytest.raises(RecipeError, match=r"data\.path .*must be an upload"):
        refuse_foreign(of(path=path.format(uploads=paths.uploads())))


@pytest.mark.parametrize("owner", [LOCAL, anonymous()])
def test_a_lab_that_is_open_to_anybody_refuses_them_at_the_door(monkeypatch, owner):
    store, foreign = RunStore(), of("regnetx_002", "/etc/passwd", "/etc")
    store.submit(foreign, by=owner)
    monkeypatch.setenv("TL_PUBLIC", "1")
    with pytest.raises(RecipeError) as caught:
        store.submit(foreign, by=owner)
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["model.backbone", "model.weights", "data.path"]
    assert len(store.list(by=owner)) == 1


@pytest.mark.parametrize("teacher", ["regnetx_002", "/srv/best-1.safetensors", "hf-hub:x/y"])
def test_a_teacher_from_elsewhere_is_refused(teacher):
    with pytest.raises(RecipeError, match=r"distillation\.teacher .*must be in the catalogue"):
        refuse_foreign(Recipe(distillation=Distillation(teacher=teacher)))
    refuse_foreign(Recipe(distillation=Distillation(teacher="tf_efficientnet_lite0")))


def test_what_would_need_more_memory_than_there_is_for_one_is_refused_and_no_preset_is(monkeypatch):
    for preset in presets():
        refuse_large(preset.recipe, PUBLIC)
    wide = Recipe(model=Model(head=Head(hidden=(65536, 65536))))
    with pytest.raises(RecipeError, match="GB of memory"):
        refuse_large(wide, PUBLIC)
    monkeypatch.setenv("TL_PUBLIC", "1")
    with pytest.raises(RecipeError, match="GB of memory"):
        RunStore().submit(wide, by=anonymous())
