"""How far back a recurrent layer remembers: the norm of ∂s_t/∂s_k against the distance t − k.

The derivative of a state with respect to an earlier one is the product of the Jacobians of the steps between; if it
vanishes, the layer cannot learn from earlier inputs (Bengio, Simard & Frasconi 1994, section 4; Pascanu, Mikolov &
Bengio 2013, eq. 5).  `nmt.lab.recall` measures what trained cells remember.

The state s is h of a simple RNN or GRU, and (h, c) of an LSTM.  The inputs are held fixed, so that only the path
through the layer's own states counts.

The norm is the Frobenius norm, divided by that of the identity, which is the norm at distance 0.  It is the factor by
which a small random change of s_k grows or shrinks until s_t (the root mean square over directions).  The spectral norm
would be the factor of the most favourable direction alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import jvp
from torch.nn.functional import pad

from nmt.checkpoint.folder import check_translates
from nmt.checkpoint.weights import Checkpoint, load_model
from nmt.config import Cell
from nmt.errors import UserError
from nmt.inference.sampling import greedy_search
from nmt.inference.torch_model import TorchModel
from nmt.lab.gates import Direction, recording, recurrent_layers
from nmt.lab.recall import chrono_initialise
from nmt.lab.settings import at_least, check_cells
from nmt.network.cells import STEPS, CellStep, Weights
from nmt.network.recurrent import RecurrentLayer, State, states_of
from nmt.text.normalization import model_input
from nmt.text.tokenizer import BOS, EOS

PROBES = 64  # random directions; for states of at most this size the norm is exact
BURN_IN = 20  # steps of an untrained cell before the first measured state

# The default sentences for a checkpoint, long enough to measure distances in.
SENTENCES = {
    "es": (
        "Cuando llegamos a la estación, el último tren de la noche ya había salido hacia la capital.",
        "El médico que la atendió el año pasado le dijo que no volviera a trabajar tantas horas seguidas.",
        "No sé si tendré tiempo de terminar el informe que me pediste antes de que empiece la reunión.",
        "Aunque llovía mucho, los niños quisieron quedarse en el parque hasta que se hizo de noche.",
    ),
    "en": (
        "When we arrived at the station, the last train of the night had already left for the capital.",
        "The doctor who saw her last year told her not to go back to working so many hours in a row.",
        "I do not know whether I will have time to finish the report you asked for before the meeting.",
        "Although it was raining hard, the children wanted to stay in the park until it got dark.",
    ),
}


@dataclass(frozen=True)
class Curve:
    """The norm of a layer's Jacobian by distance."""

    name: str  # "encoder layer 1 forward"
    cell: Cell
    units: int  # of h
    norms: list[float]  # norms[d]: the mean over pairs (k, t) at distance d; norms[0] is 1
    pairs: list[int]  # the number of these pairs

    def half(self) -> int | None:
        """The first distance at which the norm is below one half; None if there is none."""
        return next((d for d, norm in enumerate(self.norms) if norm < 0.5), None)


@dataclass(frozen=True)
class Memory:
    subject: str  # for a title
    curves: list[Curve]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def of_fresh_cells(
    cells: Sequence[Cell],
    hidden: int = 64,
    distance: int = 100,
    gates_open: bool = True,
    examples: int = 8,
    seed: int = 1,
) -> Memory:
    """The memory of untrained cells that read standard normal inputs of size `hidden`.

    gates_open  initialise the biases of the gates for memories of 1 to `distance` steps
                (`nmt.lab.recall.chrono_initialise`); False: as at the start of a training, 0, and 1 for the forget gate
    """
    at_least("memory", hidden=hidden, distance=distance, examples=examples)
    check_cells("memory", cells)
    curves = []
    for cell in cells:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer = RecurrentLayer(cell, hidden, hidden).double()
            if gates_open:
                chrono_initialise(layer.rnn, cell, max(2, distance))
            first = (torch.zeros(hidden, dtype=torch.float64),) * states_of(cell)
            inputs = [torch.randn(BURN_IN + distance, hidden).double() for _ in range(examples)]
        directions = [Direction.of(cell, layer, one, first) for one in inputs]
        curves.append(_curve(directions[0], [jacobian_norms(one, [BURN_IN]) for one in directions]))
    gates = f"gates open for up to {distance} steps" if gates_open else "gate biases as before training"
    return Memory(f"fresh cells, {gates}", curves)


def of_checkpoint(model: Checkpoint | str | Path, sentences: Sequence[str] = (), probes: int = PROBES) -> Memory:
    """The memory of every recurrent layer of a trained encoder over sentences, and of its decoder over the model's own
    (greedy) translations of them.  By default the sentences are built-in ones in the checkpoint's source language."""
    checkpoint = model if isinstance(model, Checkpoint) else load_model(model)
    check_translates(checkpoint)
    language = checkpoint.config.source_language
    sentences = [s for s in map(model_input, sentences or SENTENCES.get(language, ())) if s]
    if not sentences:
        raise UserError(
            f"memory: no sentences to read, and none built in for language {language!r}; give --source FILE"
        )
    rows: dict[str, list[Tensor]] = {}
    directions: dict[str, Direction] = {}
    for sentence in sentences:
        for one in _directions_over(checkpoint, sentence):
            directions[one.name] = one
            rows.setdefault(one.name, []).append(jacobian_norms(one, range(1, len(one.inputs)), probes))
    if not rows:
        raise UserError("memory: every sentence is a single piece: there is no distance to measure")
    languages = f"{language or '?'} → {checkpoint.config.target_language or '?'}"
    curves = [_curve(directions[name], found) for name, found in rows.items()]
    return Memory(f"{languages} model, {len(sentences)} sentences", curves)


def jacobian_norms(direction: Direction, starts: Sequence[int], probes: int = PROBES, seed: int = 1) -> Tensor:
    """‖∂s_t/∂s_k‖ for every k of `starts` and all t >= k: float64 [starts, len + 1], by the distance t − k; NaN if t
    is beyond the end.

    s_0 is `direction.first`, and s_t is the state after t inputs in the order of reading.

    One pass computes all starts: each has a set of tangent vectors, to which the Jacobian of every step is applied
    (forward-mode differentiation).  The vectors are random and orthonormal, so that the mean square of J v is an
    unbiased estimate of ‖J‖² (Hutchinson 1990), and exact if there are as many vectors as the state has components."""
    step, weights = STEPS[direction.cell], Weights(*(weight.double() for weight in direction.weights))
    inputs = (direction.inputs.flip(0) if direction.backward else direction.inputs).double()
    state: State = tuple(part.double()[None] for part in direction.first)
    size = sum(part.size(1) for part in state)
    count = min(probes, size)
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0][:count]
    length, row_of = len(inputs), {k: row for row, k in enumerate(starts)}
    norms = torch.full((len(starts), length + 1), torch.nan, dtype=torch.float64)
    begun: list[int] = []  # the starts up to t
    tangents = torch.zeros(0, count, size, dtype=torch.float64)  # of these starts, [begun, probes, size]
    for t in range(length + 1):
        if t in row_of:
            begun.append(t)
            tangents = torch.cat([tangents, vectors[None]])
        for index, k in enumerate(begun):
            norms[row_of[k], t - k] = tangents[index].square().sum().div(count).sqrt()
        if t < length:
            state, tangents = _advance(step, weights, inputs[t], state, tangents)
    return norms


def _advance(step: CellStep, weights: Weights, inputs: Tensor, state: State, tangents: Tensor) -> tuple[State, Tensor]:
    """One step of the state (each part [1, units]) and of its tangents [begun, probes, size]."""
    rows, units = tangents.flatten(0, 1), state[0].size(1)
    if not len(rows):
        return step(inputs[None], state, weights).state, tangents

    def after(flat: Tensor) -> Tensor:
        moved = step(inputs.expand(len(flat), -1), tuple(flat.split(units, dim=1)), weights)
        return torch.cat(moved.state, dim=1)

    here = torch.cat(state, dim=1).expand(len(rows), -1)
    value, moved = jvp(after, (here.contiguous(),), (rows.contiguous(),))[:2]
    return tuple(value[:1].split(units, dim=1)), moved.view_as(tangents)


def _directions_over(checkpoint: Checkpoint, sentence: str) -> list[Direction]:
    """Every direction of every recurrent layer, with its inputs during the greedy translation of a sentence."""
    model = checkpoint.model
    source = np.array([[*checkpoint.source_tokenizer.encode(sentence), EOS]])
    target = greedy_search(TorchModel(model), source, None, checkpoint.config.decoding)[0].tokens
    with torch.no_grad(), recording(recurrent_layers(model)) as recordings:
        model(torch.from_numpy(source), None, torch.tensor([[BOS, *target]]))
    return [direction for layer in recordings for direction in layer.directions()]


def _curve(direction: Direction, rows: Sequence[Tensor]) -> Curve:
    """The mean at each distance of norms [starts, len + 1] of several examples; NaN is left out."""
    longest = max(row.size(1) for row in rows)
    everything = torch.cat([pad(row, (0, longest - row.size(1)), value=math.nan) for row in rows])
    pairs = (~everything.isnan()).sum(dim=0)
    reached = int((pairs > 0).sum())
    norms = everything.nanmean(dim=0)[:reached].tolist()
    return Curve(direction.name, direction.cell, direction.units, norms, pairs[:reached].tolist())
