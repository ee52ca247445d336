"""What the documents say must be so."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tlcore.cli import parser
from tlcore.machine import libraries
from tlcore.recipe.text import from_text
from tools import recipe_reference

PROJECT = Path(__file__).parent.parent
NOT_OURS = {"__pycache__", "build", "dist"}
HIDDEN_OURS = {".ci", ".streamlit", ".gitignore"}


def _files(folder: Path = PROJECT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") and path.name not in HIDDEN_OURS:
            continue
        if path.is_dir() and path.name not in NOT_OURS:
            yield from _files(path)
        elif path.is_file():
            yield path


DOCUMENTS = [path for path in _files() if path.suffix == ".md"]


def _named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_the_front_page_is_read_in_two_minutes():
    assert len((PROJECT / "README.md").read_bytes()) <= 8_192


def _commands(document: Path) -> Iterator[str]:
    """Every command that a document quotes, without the comment behind it."""
    text = document.read_text()
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in [line for block in blocks for line in block.splitlines()] + inline:
        yield re.split(r"\s+#", line)[0].strip()


def test_every_make_command_in_a_document_can_be_made(subtests):
    for document in DOCUMENTS:
        with subtests.test(document=_named(document)):
            targets = set(
                re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
            )
            for command in _commands(document):
                words = shlex.split(command) if command.startswith("make ") else []
                assert {word for word in words[1:] if "=" not in word} <= targets, command


def test_every_command_of_the_lab_in_a_document_is_understood(subtests):
    for document in DOCUMENTS:
        with subtests.test(document=_named(document)):
            for command in _commands(document):
                if match := re.fullmatch(r"python -m tlcore(?: (.*))?", command):
                    parser().parse_args(shlex.split(match[1] or "doctor"))
                elif match := re.match(r"python (\w\S*\.py)|python -m (tlcore\.\S+)", command):
                    file = match[1] or match[2].replace(".", "/") + ".py"
                    assert (PROJECT / file).is_file(), command


def test_every_recipe_in_a_document_is_one(subtests):
    for document in DOCUMENTS:
        with subtests.test(document=_named(document)):
            for recipe in re.findall(r"```yaml\n(.*?)```", document.read_text(), re.DOTALL):
                from_text(recipe, where=document.name)


def test_links_within_the_project_lead_somewhere(subtests):
    for document in DOCUMENTS:
        with subtests.test(document=_named(document)):
            text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
            for link in re.findall(r"\]\(([^)\s]+)\)", text):
                if "://" not in link:
                    name, _, heading = link.partition("#")
                    target = (document.parent / name) if name else document
                    assert target.exists(), link
                    assert not heading or heading in _anchors(target), link


def _anchors(document: Path) -> set[str]:
    """The headings as links spell them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_dependency_says_why_it_is_here_and_no_other_does():
    text = (PROJECT / "docs" / "DEPENDENCIES.md").read_text()
    lab, tests, ship, _ = text.split("\n## ", 4)[1:]
    files = ("requirements.txt", "requirements-dev.txt", "requirements-ship.txt")
    for part, file in zip((lab, tests, ship), files, strict=True):
        explained = re.findall(r"^\| `([\w.-]+)` \|", part, re.MULTILINE)
        assert explained == [library.name for library in libraries(PROJECT / file)]


def test_no_file_knows_the_machine_it_was_written_on():
    folders = "|".join(("work", "root", "home", "Users", "tmp"))
    hosts = "|".join(("pypi", "pythonhosted"))
    foreign = re.compile(rf"(?<![\w.~)}}/])/(?:{folders})/\w|\b(?:{hosts})\.org")
    for path in _files():
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".json", ".txt", ""}:
            found = foreign.search(path.read_text())
            assert not found, f"{_named(path)}: {found and found[0]}"


def test_the_reference_of_recipes_is_drawn_from_the_recipe():
    """If this fails, draw the page anew: python tools/recipe_reference.py"""
    assert recipe_reference.PAGE.read_text(encoding="utf-8") == recipe_reference.drawn()


def test_every_field_of_a_recipe_has_a_meaning():
    silent = re.findall(r"^\| `(\w+)` .*\|  \|$", recipe_reference.drawn(), re.MULTILINE)
    assert silent == []
