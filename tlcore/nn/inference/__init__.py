"""The parts of the answering process: who lets questions in, who answers them, from what."""
