"""Holding every figure of the reports against what the lab itself measures.

rows.py         what is trained, and how it is made small enough for two cores
jobs.py         those rows as recipes, point by point and seed by seed
book.py         what was measured, kept as JSON, so that an interrupted reproduce goes on
verdicts.py     whether a figure was reproduced: intervals against intervals
claims.py       the reports' sentences, put to the test
table.py        all of it as a page
chart.py        transfer against scratch over the number of labels, as a picture
"""
