"""Hostile `.net` files: what HDF5 can do beside holding arrays."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from onespike_lava import netx
from tests.hostile.case import Case, Cases
from tests.networks import random_network

WEIGHT = "layer/1/weight"


def containers() -> Cases:
    """A sound file, changed in its container."""
    for change in CHANGES:
        name = change.__name__.replace("_", " ")
        yield Case("container", name, ".net", _changed(change))


def _changed(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        content = io.BytesIO(netx.to_bytes(random_network(1, phases=4)))
        with h5py.File(content, "r+") as file:
            change(file)
        path.write_bytes(content.getvalue())

    return put


def _again(file: h5py.File, **how: object) -> None:
    weight = file[WEIGHT][()]
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=weight, **how)


def external_link(file):
    del file[WEIGHT]
    file[WEIGHT] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file):
    del file[WEIGHT]
    file[WEIGHT] = h5py.SoftLink("/layer/2/weight")


def dangling_link(file):
    file["layer/1/more"] = h5py.SoftLink("/nowhere")


def link_to_itself(file):
    del file[WEIGHT]
    file[WEIGHT] = h5py.SoftLink(f"/{WEIGHT}")


def cycle(file):
    file["layer/1/loop"] = file["layer"]


def cycle_of_the_root(file):
    file["layer/1/loop"] = file["/"]


def thousand_links_in_each_of_five_groups(file):
    """A billion paths in a hundred kilobytes."""
    below = file.create_group("layer/1/end")
    for level in range(4):
        group = file.create_group(f"layer/1/level{level}")
        for number in range(1000):
            group[str(number)] = below
        below = group


def one_array_under_ten_thousand_names(file):
    held = file.create_dataset("layer/1/more", data=np.ones(2**20, np.int8))
    for number in range(10_000):
        file[f"layer/1/more{number}"] = held


def fifty_thousand_keys(file):
    group = file.create_group("layer/1/more")
    held = group.create_dataset("0", data=np.ones(1, np.int8))
    for number in range(50_000):
        group[f"k{number}"] = held


def ten_thousand_layers(file):
    for number in range(10, 10_000):
        file[f"layer/{number}"] = file["layer/2"]


def deep(file):
    file.create_group("/".join(["layer", *"x" * 2000]))


def external_storage(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (4, 2, 3, 3), "i1", external=[("/etc/passwd", 0, 72)])


def virtual(file):
    del file[WEIGHT]
    layout = h5py.VirtualLayout((4, 2, 3, 3), "i1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 2, 3, 3))
    file.create_virtual_dataset(WEIGHT, layout)


def chunks(file):
    _again(file, chunks=(1, 1, 1, 1))


def gzip(file):
    _again(file, compression="gzip")


def gzip_of_eight_gigabytes(file):
    del file[WEIGHT]
    item = file.create_dataset(WEIGHT, (2**33,), "i1", chunks=(2**22,), compression="gzip")
    item[: 2**22] = 0
    _, raw = item.id.read_direct_chunk((0,))
    for number in range(1, 2**11):
        item.id.write_direct_chunk((number * 2**22,), raw)


def many_filters(file):
    weight = file[WEIGHT][()]
    del file[WEIGHT]
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk(weight.shape)
    for _ in range(30):
        plan.set_deflate(9)
    space = h5py.h5s.create_simple(weight.shape)
    made = h5py.h5d.create(file["layer/1"].id, b"weight", h5py.h5t.STD_I8LE, space, dcpl=plan)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, weight)


def scale_offset(file):
    _again(file, chunks=True, scaleoffset=0)


def checksums(file):
    _again(file, chunks=True, fletcher32=True)


def terabytes_in_chunks(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (2**20, 2**20), "i1", chunks=(1024, 1024))


def terabytes_declared(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (2**20, 2**20), "i1")


def terabytes_of_fill(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (2**40,), "i1", fillvalue=1)


def terabytes_of_text(file):
    del file["layer/1/name"]
    file.create_dataset("layer/1/name", (1,), "S2000000000")


def attribute(file):
    file["layer/1"].attrs["x"] = 1


def attribute_of_a_key(file):
    file[WEIGHT].attrs["x"] = np.zeros(8000)


def attribute_of_the_root(file):
    file.attrs["CLASS"] = "x"


def named_type(file):
    file["layer/1/type2"] = np.dtype("f8")


def reference(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (1,), h5py.ref_dtype)[0] = file["layer/2"].ref


def text_of_any_length(file):
    del file["layer/1/name"]
    file.create_dataset("layer/1/name", data=["name"], dtype=h5py.string_dtype())


def compound(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=np.zeros(3, "i1,f8"))


def enum(file):
    del file[WEIGHT]
    kind = h5py.enum_dtype({"a": 1}, "i1")
    file.create_dataset(WEIGHT, data=np.ones((4, 2, 3, 3), "i1"), dtype=kind)


def array_type(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (4,), np.dtype(("i1", (2, 3, 3))))


def null_space(file):
    del file[WEIGHT]
    file[WEIGHT] = h5py.Empty("i1")


def group_in_place_of_a_key(file):
    del file[WEIGHT]
    file.create_group(WEIGHT)


def key_in_place_of_a_group(file):
    del file["layer/1/neuron"]
    file["layer/1/neuron"] = np.zeros(1)


def names_that_a_terminal_obeys(file):
    file["layer/1/\x1b[2J\nonespike"] = np.zeros(1)


CHANGES = [
    each
    for name, each in list(globals().items())
    if callable(each) and getattr(each, "__module__", "") == __name__
    if name[0] != "_" and name != "containers"
]
