"""A NIR file."""

import pytest


@pytest.fixture
def file(tmp_path):
    from exporters import write_nir
    from tests.exporters.nir.networks import small_network

    path = tmp_path / "net.nir"
    write_nir(small_network(), path)
    return path
