"""The page Bias & ethics: what a run's evidence says, the cue lab, and a checklist."""
