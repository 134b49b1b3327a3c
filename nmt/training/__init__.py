"""Training: a recipe and a dataset folder become a run folder with checkpoints.

Input: the recipe, the dataset that `python -m data_prep build` made, and perhaps a checkpoint to start from.  Output:
numbered checkpoints, a link to the best one, a log, and the state to resume from.  Begin with `trainer.py`.
"""
