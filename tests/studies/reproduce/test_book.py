import pytest

from tests.studies.reproduce.measured import measurement
from tlcore.errors import NotReadable
from tlcore.studies.reproduce.book import Book, mean
from tlcore.studies.reproduce.jobs import choose, jobs


@pytest.fixture
def demo():
    return list(jobs(choose(["demo-scratch"]), quick=False))


def test_what_was_measured_is_found_again_by_recipe_and_seed(tmp_path, demo):
    path = tmp_path / "results.json"
    Book(path).add(demo[1], measurement("demo-scratch", 0.2, seed=1))
    book = Book(path)
    assert [job in book for job in demo] == [False, True, False]
    assert book.of(demo) == [measurement("demo-scratch", 0.2, seed=1)]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "runs": {}}', '{"format": 1}'])
def test_a_damaged_book_is_an_error_with_words_and_stays_as_it_is(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(NotReadable, match="Move the file away"):
        Book(path)
    assert path.read_text() == text


def test_three_seeds_speak_for_the_recipe_and_fewer_for_their_networks():
    three = [measurement("e-cnn", value, seed=n) for n, value in enumerate((0.70, 0.72, 0.74))]
    assert mean([]) is None
    assert mean(three[:1]) == three[0].interval
    found = mean(three)
    assert found is not None
    assert found.value == pytest.approx(0.72)
    assert found.n == 3
    assert found.low < 0.72 - 4.3 * 0.02 / 3**0.5 + 0.01
    of_two = mean(three[:2])
    assert of_two is not None
    assert found.high - found.low > of_two.high - of_two.low


def test_an_interval_over_seeds_stays_a_share():
    found = mean([measurement("e-cnn", value, seed=n) for n, value in enumerate((0.99, 1.0, 0.96))])
    assert found is not None
    assert found.high == 1
