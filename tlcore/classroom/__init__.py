"""Lessons, predictions and classes: what leads students through the lab, and who sees what when."""
