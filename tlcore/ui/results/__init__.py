"""How good one run is, and where it fails: the parts of the Results page.

states.py       a run that has no result yet
summary.py      the figures on top
cells.py        a confusion matrix as coloured cells
matrix.py       the same, to be clicked, and its twin for the keyboard
confusion.py    which cell was chosen, and the pictures in it
mistakes.py     pictures that were called wrongly, and labels that probably are
pictures.py     galleries, a page at a time
detail.py       one picture, and all that was said of it
classes.py      scores of each class
calibration.py  whether it is as often right as it is sure
robustness.py   what it keeps of its accuracy when pictures get worse
corrections.py  labels put right by hand, and the recipe that trains with them
neighbours.py   the training pictures that are most like one
embedding.py    the test pictures as points, before training and after
training.py     curves, and what they say
"""
