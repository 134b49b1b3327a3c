"""How far back a recurrent layer remembers: the norm of ∂s_t/∂s_k against the distance t − k.

Bengio, Simard & Frasconi 1994, section 4; Pascanu, Mikolov & Bengio 2013, eq. 5: the derivative of a state by an
earlier one is the product of the Jacobians of the steps between; where it vanishes, nothing that came earlier can
be learned from.  `nmt.lab.recall` asks what a trained cell holds on to.

The state s is all that a layer carries on: h of a simple RNN or GRU, (h, c) together of an LSTM, whose long memory
is c.  The inputs are held fixed, so that only the path through this layer's own time counts.

The norm is Frobenius', divided by that of the identity, its value at distance 0.  It is the factor by which a
random small change of s_k is stretched or shrunk on its way to s_t (root of the mean square over directions).
The spectral norm would be that of the most favourable direction alone.
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
from nmt.lab.gates import Direction, catching, recurrent_layers
from nmt.lab.recall import open_gates
from nmt.lab.settings import at_least, check_cells
from nmt.network.cells import STEPS, CellStep, Weights
from nmt.network.recurrent import RecurrentLayer, State, states_of
from nmt.text.normalization import model_input
from nmt.text.tokenizer import BOS, EOS

PROBES = 64  # random directions; a state of no more numbers is measured exactly
BURN_IN = 20  # steps of a fresh cell before the first state that counts

# For a checkpoint that was given no text; sentences long enough to have distances to measure.
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
    """How strongly a change of a layer's state is still felt, by distance."""

    name: str  # "encoder layer 1 forward"
    cell: Cell
    units: int  # of h
    norms: list[float]  # norms[d]: mean over examples at distance d; norms[0] is 1
    pairs: list[int]  # how many (k, t) each of them is the mean of

    def half(self) -> int | None:
        """The first distance at which the norm is below one half; None: it never is."""
        return next((d for d, norm in enumerate(self.norms) if norm < 0.5), None)


@dataclass(frozen=True)
class Memory:
    """The curves of what was measured."""

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
    """The memory of untrained cells that read standard normal inputs, as many as units.

    gates_open  biases of the gates for memories of 1 to `distance` steps (`nmt.lab.recall.open_gates`); without,
                biases as at the start of a training of this project: 0, of LSTM's forget gate 1
    """
    at_least("memory", hidden=hidden, distance=distance, examples=examples)
    check_cells("memory", cells)
    curves = []
    for cell in cells:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer = RecurrentLayer(cell, hidden, hidden).double()
            if gates_open:
                open_gates(layer.rnn, cell, max(2, distance))
            first = (torch.zeros(hidden, dtype=torch.float64),) * states_of(cell)
            inputs = [torch.randn(BURN_IN + distance, hidden).double() for _ in range(examples)]
        directions = [Direction.of(cell, layer, one, first) for one in inputs]
        curves.append(_curve(directions[0], [jacobian_norms(one, [BURN_IN]) for one in directions]))
    gates = f"gates open for up to {distance} steps" if gates_open else "gate biases as before training"
    return Memory(f"fresh cells, {gates}", curves)


def of_checkpoint(
    model: Checkpoint | str | Path, sentences: Sequence[str] = (), probes: int = PROBES
) -> Memory:
    """The memory of every recurrent layer of a trained encoder over sentences, and of its decoder over the model's own
    (greedy) translations of them.  Without sentences: built-in ones of the checkpoint's source language."""
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


def jacobian_norms(
    direction: Direction, starts: Sequence[int], probes: int = PROBES, seed: int = 1
) -> Tensor:
    """‖∂s_t/∂s_k‖ for every k of `starts` and all t from k on: float64 [starts, len + 1], by the distance t − k;
    NaN where t would lie beyond the end.

    s_0 is `direction.first`, and s_t the state after t inputs in the order of reading.

    All starts are followed in one pass: at every step each of them has a set of vectors, which this step's Jacobian is
    applied to (forward-mode differentiation).  The vectors are random and orthonormal: ‖J‖² is estimated without bias
    by the mean square of J v (Hutchinson 1990), and found exactly where there are as many vectors as the state has
    numbers.
    """
    step, weights = STEPS[direction.cell], Weights(*(weight.double() for weight in direction.weights))
    inputs = (direction.inputs.flip(0) if direction.backward else direction.inputs).double()
    state: State = tuple(part.double()[None] for part in direction.first)
    size = sum(part.size(1) for part in state)
    count = min(probes, size)
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0][:count]
    length, begin = len(inputs), {k: row for row, k in enumerate(starts)}
    norms = torch.full((len(starts), length + 1), torch.nan, dtype=torch.float64)
    # Of the starts so far, in the order they came: [starts, probes, size].
    tangents = torch.zeros(0, count, size, dtype=torch.float64)
    following: list[int] = []
    for t in range(length + 1):
        if t in begin:
            following.append(t)
            tangents = torch.cat([tangents, vectors[None]])
        for row, k in enumerate(following):
            norms[begin[k], t - k] = tangents[row].square().sum().div(count).sqrt()
        if t < length:
            state, tangents = _advance(step, weights, inputs[t], state, tangents)
    return norms


def _advance(
    step: CellStep, weights: Weights, inputs: Tensor, state: State, tangents: Tensor
) -> tuple[State, Tensor]:
    """One step of the state (each part [1, units]), and of tangents [starts, probes, size] along with it."""
    rows, units = tangents.flatten(0, 1), state[0].size(1)
    if not len(rows):
        return step(inputs[None], state, weights).state, tangents

    def after(flat: Tensor) -> Tensor:
        moved = step(inputs.expand(len(flat), -1), tuple(flat.split(units, dim=1)), weights)
        return torch.cat(moved.state, dim=1)

    here = torch.cat(state, dim=1).expand(len(rows), -1)
    value, moved = jvp(after, (here.contiguous(),), (rows.contiguous(),))[:2]  # third: what has no derivative
    return tuple(value[:1].split(units, dim=1)), moved.view_as(tangents)


def _directions_over(checkpoint: Checkpoint, sentence: str) -> list[Direction]:
    """What every direction of every recurrent layer reads while a sentence is translated greedily."""
    model = checkpoint.model
    source = np.array([[*checkpoint.source_tokenizer.encode(sentence), EOS]])
    written = greedy_search(TorchModel(model), source, None, checkpoint.config.decoding)[0].tokens
    with torch.no_grad(), catching(recurrent_layers(model)) as caught:
        model(torch.from_numpy(source), None, torch.tensor([[BOS, *written]]))
    return [direction for layer in caught for direction in layer.directions()]


def _curve(direction: Direction, rows: Sequence[Tensor]) -> Curve:
    """The mean at each distance of rows [starts, lengths]; NaN does not count."""
    longest = max(row.size(1) for row in rows)
    everything = torch.cat([pad(row, (0, longest - row.size(1)), value=math.nan) for row in rows])
    pairs = (~everything.isnan()).sum(dim=0)
    reached = int((pairs > 0).sum())
    norms = everything.nanmean(dim=0)[:reached].tolist()
    return Curve(direction.name, direction.cell, direction.units, norms, pairs[:reached].tolist())
