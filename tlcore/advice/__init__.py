"""What to do with these pictures, by measurement: read `defaults.py` first."""
