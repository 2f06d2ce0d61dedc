"""A file's recipe made anew."""

import pytest

from exporters import convert
from exporters.analysis.reconversion import reconvert
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.network import Network
from tests.exporters.analysis.conversions import RECIPES
from tests.sources import cnn, images


@pytest.mark.parametrize("name", RECIPES)
def test_a_network_is_converted_anew_from_what_its_file_tells(name):
    found = convert(cnn(), images(), **RECIPES[name])
    again = reconvert(found.network, cnn(), images())
    assert again.network == found.network
    assert (again.simulate(images(4)) == found.simulate(images(4))).all()


def test_other_data_and_other_files_are_refused():
    network = convert(cnn(), images()).network
    with pytest.raises(
        DataError, match=r"^calibration: 119 samples of SHA-256 \w+, the network was"
    ):
        reconvert(network, cnn(), images()[:-1])
    bare = Network(network.layers, network.phases, network.wait)
    with pytest.raises(UnsupportedError, match=r"^network: its provenance does not name average"):
        reconvert(bare, cnn(), images())
