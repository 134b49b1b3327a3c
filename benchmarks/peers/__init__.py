"""Other systems' trainers and translators, measured in the same way; each script runs in that system's own environment."""
