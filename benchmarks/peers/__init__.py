"""Other systems, measured in the same way; each script runs in that system's own environment."""
