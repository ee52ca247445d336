"""Which of some runs is better, and why: the parts of the Compare page.

verdict.py      each run against the first, and transfer against scratch, in sentences
table.py        a row a run, to be sorted and taken along
curves.py       accuracy and loss over epochs and over seconds
speed.py        how long each took to a given accuracy
pictures.py     what one run fixed and broke against another
recipes.py      where the recipes differ
"""
