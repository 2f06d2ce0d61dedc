"""From a graph convolutional network and the codes of its layers to an integer network.

Every layer takes two steps, each a layer of neurons (Sec. IV-D): the map `X W` and the sum
over neighbours `A (.)`. The map can be negative, so each of its values is carried by a pair
of neurons, of which one at most spikes; the sum subtracts the second from the first. The
other ways that keep the sign do worse. `(A H) W`, whose parts are not negative, sums over
neighbours at the width of `H`, for Text GCN 200 columns in place of 8, and its first layer
has no `A H`, since `A` of the identity has a neuron per pair of nodes. Binary-coded
features as input of the sum cost four spikes a value in place of one.

Layers have the shape (features, nodes, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.gcn.integers import Floats, RowFit, Rows, fit_readout, fit_rows
from exporters.gcn.source import GraphLayer, GraphNetwork
from exporters.quantization.sources import Source
from exporters.recipe import Recipe
from onespike_lava import coding, connectivity
from onespike_lava.layers import Connection, Input, Layer, Readout, Sparse, Spiking, Synapse
from onespike_lava.network import Network

PAIR = np.array([1, -1], np.int8)


def quantize(
    source: GraphNetwork,
    codes: Mapping[str, Code],
    entry: Input,
    recipe: Recipe,
    provenance: Mapping[str, str],
) -> tuple[Network, dict[str, Code]]:
    """The integer network, and the codes with the constants that it realises.

    codes : name of a map or of a hidden layer -> its code
    entry : the input layer
    """
    builder = _Builder(codes, entry, recipe)
    for layer in source.layers:
        builder.add(layer, last=layer is source.layers[-1])
    notes = {"resolution_lowered": builder.lowered, connectivity.TRAINED: builder.trained}
    provenance = {**provenance, **{key: ", ".join(each) for key, each in notes.items() if each}}
    network = Network(
        tuple(builder.layers),
        recipe.phases,
        recipe.waiting,
        recipe.weighting,
        tuple(sorted(provenance.items())),
    )
    return network, builder.codes


class _Builder:
    """The layers made so far; `source` is what the next one reads."""

    def __init__(self, codes: Mapping[str, Code], entry: Input, recipe: Recipe) -> None:
        self.codes, self.recipe = dict(codes), recipe
        self.layers: list[Layer] = [entry]
        self.lowered: list[str] = []
        self.trained: list[str] = []  # connections that only look like a skip
        self.source = Source.of_input(entry)

    def add(self, layer: GraphLayer, *, last: bool) -> None:
        """The map and the sum over neighbours of a layer, or the map alone."""
        if layer.adjacency is not None:
            self._map(layer.map_name, layer, layer.inner, paired=True, last=False)
            self._sum(layer, last)
        else:
            self._map(layer.name, layer, layer.inner + layer.outer, paired=False, last=last)

    def _map(self, name: str, layer: GraphLayer, bias: Floats, *, paired: bool, last: bool) -> None:
        source, places = self.source, self.source.shape[1:]
        if layer.weight is None:  # one to one, a group for each feature
            weight, groups = np.ones((source.shape[0], 1)), source.shape[0]
            values, bias = source.unit[:, None], source.low + bias
        else:
            weight, groups = layer.weight, 1
            values, bias = weight * source.unit, weight @ source.low + bias
        rows = self._rows(values.reshape(-1), np.full(len(weight), values.shape[1]), np.abs(bias))
        found = self._fit(name, rows, last, one_scale=True)
        whole = found.weight.reshape(*weight.shape, 1, 1)
        integers = np.rint(bias / found.scale).astype(np.int32)
        base, scale = found.base, found.scale
        if paired:  # neurons 2 c and 2 c + 1 carry c
            whole = np.stack([whole, -whole], 1).reshape(-1, *whole.shape[1:])
            integers = np.stack([integers, -integers], 1).reshape(-1)
            base, scale = np.repeat(base, 2), np.repeat(scale, 2)
        synapse = Synapse(source.position, whole, groups=groups)
        if layer.weight is not None and connectivity.is_fixed(synapse):
            self.trained.append(connectivity.path(len(self.layers), 0))
        shape = (len(whole), *places)
        if last:
            self._readout(name, shape, synapse, integers, float(scale[0]))
        else:
            self._neurons(name, shape, synapse, integers, base, scale, found.constant)

    def _sum(self, layer: GraphLayer, last: bool) -> None:
        source, matrix = self.source, layer.adjacency
        assert matrix is not None
        counts, unit = np.diff(matrix.indptr), float(source.unit[0])
        nodes, outputs = len(counts), len(layer.outer)
        bias = np.full(nodes, np.abs(layer.outer).max())
        rows = self._rows(matrix.data * unit, counts.astype(np.int64), bias, paired=True)
        found = self._fit(layer.name, rows, last)
        synapse = _sparse(source.position, found.weight, matrix)
        shape, plane = (outputs, nodes, 1), (1, nodes, 1)
        integers = np.zeros(outputs, np.int32)
        if layer.outer.any():
            integers = np.rint(layer.outer[:, None, None] / found.scale[:, None]).astype(np.int32)
        if last:
            self._readout(layer.name, shape, synapse, integers, found.scale.reshape(plane))
        else:
            base, scale = found.base.reshape(plane), found.scale.reshape(plane)
            self._neurons(layer.name, shape, synapse, integers, base, scale, found.constant)

    def _rows(
        self, values: Floats, counts: NDArray[np.int64], bias: Floats, *, paired: bool = False
    ) -> Rows:
        return Rows(values, counts, paired, self.source.payload, 2.0**self.source.bits, bias)

    def _fit(self, name: str, rows: Rows, last: bool, *, one_scale: bool = False) -> RowFit:
        if last:
            found = fit_readout(rows, one_scale=one_scale)
        else:
            code, bits = self.codes[name], self.recipe.payload_bits
            factor = float(self._table(code).max())
            if code.max_spikes > 1:
                factor = max(factor, 2.0 * code.payloads(bits)[0])
            found = fit_rows(rows, float(code.constant[0]), 2.0 * 2.0**bits, factor)
        self.lowered += [name] if found.lowered else []
        return found

    def _table(self, code: Code) -> NDArray[np.int32]:
        payloads = code.payloads(self.recipe.payload_bits)
        return coding.threshold_table(payloads, shift=self.recipe.shift)

    def _neurons(
        self,
        name: str,
        shape: tuple[int, ...],
        synapse: Connection,
        bias: NDArray[np.int32],
        base: NDArray[np.int32],
        scale: Floats,
        constant: float,
    ) -> None:
        """Add a spiking layer; what follows reads it."""
        recipe, code = self.recipe, self.codes[name]
        payloads = code.payloads(recipe.payload_bits)
        self.codes[name] = replace(code, constant=np.full_like(code.constant, constant))
        unit = np.full(shape[0], constant)
        self.source = Source.of_neurons(len(self.layers), shape, unit, code, recipe)
        self.layers.append(
            Spiking(
                name=name,
                shape=shape,
                synapses=(synapse,),
                bias=bias,
                threshold_base=base,
                threshold_table=self._table(code),
                payload=payloads[:-1],
                payload_bits=recipe.payload_bits,
                base=code.base,
                scale=scale,
                max_spikes=code.max_spikes,
            )
        )

    def _readout(
        self, name: str, shape: Any, synapse: Connection, bias: Any, scale: float | Floats
    ) -> None:
        self.layers.append(Readout(name, shape, (synapse,), bias, scale))


def _sparse(source: int, weight: NDArray[np.int8], matrix: Any) -> Sparse:
    """The synapse of a matrix whose entries became `weight`; those that became 0 are left out."""
    kept = weight != 0
    before = np.concatenate([[0], np.cumsum(kept)])
    indptr = before[matrix.indptr].astype(np.int32)
    indices = matrix.indices[kept].astype(np.int32)
    return Sparse(source, weight[kept], indices, indptr, PAIR)
