"""The ten lines."""

import ast
import json

import pytest

from tlcore.export.script import labels_file, predict_script, requirements
from tlcore.recipe import Data, Input, Recipe, Shapes


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("resize", ["batch", "once"])
def test_they_are_ten_and_need_three_libraries(fit, resize):
    recipe = Recipe(input=Input(size=96, fit=fit, resize=resize))
    text = predict_script(recipe)
    assert len(text.splitlines()) == 1 + 10
    assert max(map(len, text.splitlines())) <= 120
    imported = {
        str(node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported == {"json", "sys", "numpy", "onnxruntime", "PIL"}


def test_pictures_come_to_the_size_that_the_run_had_them_in():
    shapes = Data(shapes=Shapes(size=48))
    assert "(48, 48)" in predict_script(Recipe(data=shapes, input=Input(size=96)))
    once = predict_script(Recipe(data=shapes, input=Input(size=96, resize="once")))
    assert ".resize((96, 96), Image.BILINEAR)" in once
    folder = Data(name="folder", path="photos")
    assert "(96, 96)" in predict_script(Recipe(data=folder, input=Input(size=96)))


def test_labels_are_plain_whatever_they_are_called():
    names = ["<b>cat</b>", '"; import os', "🦊", "half a pair \udc80"]
    text = labels_file(names)
    assert text.isascii()
    assert json.loads(text) == names


def test_what_it_needs_is_what_it_was_tested_with():
    lines = requirements().splitlines()
    assert [line.partition(">")[0] for line in lines] == ["onnxruntime", "numpy", "Pillow"]
    assert all(">=" in line and "<" in line for line in lines)
