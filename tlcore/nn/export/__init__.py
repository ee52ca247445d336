"""A trained network as an ONNX file that needs no torch, and what was lost on the way."""
