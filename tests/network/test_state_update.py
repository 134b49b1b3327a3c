"""The equations that turn gates into states: one for the arrays of every library, and importing them imports none."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch

from nmt.network.state_update import gru_state, lstm_state


def test_numpy_and_torch_get_the_same_states() -> None:
    arrays = np.random.default_rng(1).normal(size=(5, 2, 3))
    tensors = torch.from_numpy(arrays)
    for equations in (gru_state, lstm_state):
        for by_numpy, by_torch in zip(equations(*arrays, np.tanh), equations(*tensors, torch.tanh), strict=True):
            np.testing.assert_allclose(by_numpy, by_torch, rtol=1e-12)


def test_a_gru_mixes_the_state_before_and_the_candidate() -> None:
    h, one, zero = np.array([0.3, -0.7]), np.ones(2), np.zeros(2)
    after, candidate = gru_state(one, zero, np.array([0.1, 0.2]), np.array([0.4, 0.5]), h, np.tanh)
    np.testing.assert_array_equal(candidate, np.tanh([0.5, 0.7]))
    np.testing.assert_array_equal(after, candidate)  # nothing is kept
    kept, _ = gru_state(zero, one, one, one, h, np.tanh)
    np.testing.assert_allclose(kept, h, rtol=1e-15)  # all is kept


def test_an_lstm_forgets_lets_in_and_shows() -> None:
    half, c, g = np.full(2, 0.5), np.array([1.0, -2.0]), np.array([0.4, 0.8])
    h, cell = lstm_state(half, half, g, half, c, np.tanh)
    np.testing.assert_allclose(cell, [0.7, -0.6])
    np.testing.assert_allclose(h, 0.5 * np.tanh([0.7, -0.6]))


def test_importing_the_equations_imports_no_library() -> None:
    code = "import sys; import nmt.network.state_update; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
