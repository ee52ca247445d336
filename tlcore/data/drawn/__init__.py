"""The drawn world `shapes`: pictures made by code, from dials that a class can turn.

silhouettes -> dice -> palette -> painter -> world: what there is, what chance decides, in which
colours, on which pixels, and as which data set.
"""
