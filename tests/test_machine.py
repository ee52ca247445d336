import pytest

from tlcore.machine import REQUIREMENTS, Library, libraries


@pytest.mark.parametrize(
    ("wanted", "installed", "fits"),
    [
        (">=2.15,<2.16", "2.15.0", True),
        (">=2.15,<2.16", "2.15.3+cpu", True),
        (">=2.15,<2.16", "2.16.0", False),
        (">=2.15,<2.16", "2.13.0", False),
        (">=2.15.0", "2.15", True),
        (">=6.0.2,<7", "6.0.10", True),
        (">=6.0.2,<7", "7.0", False),
        ("", "0.1", True),
        (">=1", None, False),
    ],
)
def test_an_installed_version_fits_or_not(wanted, installed, fits):
    assert Library("any", wanted, installed).fits == fits


def test_every_line_of_a_requirements_file_is_one_library(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# why\n-r other.txt\n\npytest>=9,<99  # runs this\nno-such-library<3\n")
    found = {library.name: library for library in libraries(file)}
    assert found.keys() == {"pytest", "no-such-library"}
    assert found["pytest"].wanted == ">=9,<99"
    assert found["pytest"].fits
    assert found["no-such-library"].installed is None


ASKED = (REQUIREMENTS, REQUIREMENTS.with_name("requirements-ship.txt"))


@pytest.mark.parametrize("file", ASKED, ids=lambda path: path.name)
def test_what_the_lab_asks_for_is_bounded_on_both_sides_in_words_the_doctor_reads(file):
    for library in libraries(file):
        lower, upper = library.wanted.split(",")
        assert lower.startswith(">=")
        assert upper.startswith("<")


@pytest.mark.parametrize("file", ASKED, ids=lambda path: path.name)
def test_this_machine_has_what_the_lab_asks_for(file):
    assert [library for library in libraries(file) if not library.fits] == []
