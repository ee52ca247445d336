import pytest

from tlcore import catalog


def test_data_sets_are_listed_with_what_to_do_about_missing_ones(command):
    answer = command("data")
    assert answer.code == 0
    assert answer.out.splitlines()[1].startswith("shapes    yes")
    assert "\ncifar10: " in answer.out
    here = {card["name"]: card["here"] for card in command("data", "--json").json}
    assert here["digits"]
    assert not here["cifar100"]


def test_a_look_into_a_data_set_counts_its_classes_on_each_side(command):
    answer = command("data", "digits", "--json").json
    assert len(answer["classes"]) == 10
    assert set(answer["counts"]) == {"train", "validation", "test"}
    assert sum(sum(counts) for counts in answer["counts"].values()) == 1797
    assert "10 classes" in command("data", "digits").out


def test_a_folder_is_looked_into_by_its_path(command, tmp_path):
    from PIL import Image

    for name, colour in [("ice", "white"), ("ember\x1b[2J", "red")]:
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            size = (20 + number, 20)
            Image.new("RGB", size, colour).save(tmp_path / "photos" / name / f"{number}.png")
    answer = command("data", str(tmp_path / "photos"))
    assert answer.code == 0
    assert "ice" in answer.out
    assert "\x1b" not in answer.out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("digit", "Did you mean digits?"),
        ("/nowhere/photos", "no such folder or zip"),
        ("cifar10", "not on this machine"),
        ("a\nb", "data.path"),
    ],
)
def test_data_that_is_not_there_is_an_error_with_words(command, name, said):
    answer = command("data", name)
    assert answer.code == 1
    assert said in answer.err


def test_the_whole_catalogue_is_listed(command):
    answer = command("backbones")
    assert answer.code == 0
    assert all(f"\n{card.name} " in answer.out for card in catalog.CARDS)
    assert len(command("backbones", "--json").json) == len(catalog.CARDS)


def test_a_backbone_is_shown_by_its_alias_too(command):
    assert command("backbones", "resnet-18", "--json").json["parameters"] == 11_176_512
    assert "licence" in command("backbones", "resnet18").out


def test_an_unknown_backbone_suggests_the_nearest(command):
    answer = command("backbones", "resnet81")
    assert answer.code == 1
    assert "Did you mean resnet18?" in answer.err
