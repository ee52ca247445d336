"""The bench for a GPU is ready: small, it runs on whatever machine this is."""

from bench import gpu


def test_every_table_is_made(monkeypatch):
    monkeypatch.setenv("TL_DEVICE", "cpu")
    text = gpu.page(toy=True)
    assert "| pebble-shapes | 32 | all learn |" in text
    assert "| head-only | 0.0e+00 | yes | yes |" in text, "on a CPU, a CPU is the same"
    assert "| shapes-probe |" in text
    assert "**no**" not in text
    assert "not run" not in text
