import unicodedata

from tlcore.cli.output import print_error, print_table, printable
from tlcore.errors import ThawError


def test_columns_line_up_with_numbers_to_the_right(capsys):
    print_table(("name", "pictures"), [("cat", 7), ("hedgehog", 1234)])
    assert capsys.readouterr().out.splitlines() == [
        "name      pictures",
        "cat              7",
        "hedgehog     1,234",
    ]


def test_wide_and_combining_characters_keep_the_columns(capsys):
    print_table(("name", "place"), [("鳥", "here"), (unicodedata.normalize("NFD", "ä"), "there")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "鳥    here"
    assert lines[2] == unicodedata.normalize("NFD", "ä") + "     there"


def test_a_table_without_rows_still_has_its_titles(capsys):
    print_table(("name", "place"), [])
    assert capsys.readouterr().out == "name  place\n"


def test_no_text_reaches_the_terminal_as_a_command(capsys):
    assert printable("\x1b[2Jcat\r\n\u202edog\udc80") == "\\x1b[2Jcat\\r\\n\\u202edog\\udc80"
    print_error(ThawError("No \x1b[31mred", remedy="None"), as_json=False)
    assert "\x1b" not in capsys.readouterr().err
