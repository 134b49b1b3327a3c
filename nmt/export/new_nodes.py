"""Nodes and constants that are added to an ONNX graph.  Needs the extra `export`."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper, numpy_helper


class NewNodes:
    """Collects nodes, which the caller puts into the graph; their constants are added to it at once.

    prefix  of the names of nodes' outputs and of constants, which must be new to the graph"""

    def __init__(self, graph: Any, prefix: str) -> None:
        self.graph, self.prefix = graph, prefix
        self.nodes: list[Any] = []

    def add(self, operator: str, *inputs: Any, outputs: tuple[str, ...] = (), **attributes: Any) -> str:
        """Add a node and return the name of its first output.

        inputs   names, or constants: arrays, or integers, which become int64
        outputs  their names; one new name without them"""
        names = outputs or (f"{self.prefix}_{len(self.nodes)}",)
        given = [x if isinstance(x, str) else self._constant(x) for x in inputs]
        self.nodes.append(helper.make_node(operator, given, names, **attributes))
        return names[0]

    def _constant(self, value: Any) -> str:
        name = f"{self.prefix}_constant_{len(self.graph.initializer)}"
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name
