"""The page of layers that have learnt."""

from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib", reason="matplotlib draws the page")
from onespike_lava.learning.stack import learn
from onespike_lava.report.learning import learning_figures, learning_page, save_learning_figures
from tests.learning import drawn, stages


class Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.cells = [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


@pytest.fixture(scope="module")
def layers():
    return learn(stages(), drawn(samples=50, shape=(2, 12, 12))[1], 1)


def test_the_page_has_the_figures_of_every_layer(layers):
    page = learning_page("a < b", stages(), layers)
    assert "a &lt; b" in page
    assert "<script" not in page
    assert page.count("<svg") == page.count("</svg>") == 3
    texts = Texts()
    texts.feed(page)
    for layer in layers:
        live = f"{int(layer.live.sum()):,} of {layer.live.size:,} ({layer.connectivity:.2%})"
        assert live in texts.cells
        assert f"{layer.integrations:,}" in texts.cells
    assert page == learning_page("a < b", stages(), layers)


def test_figures_say_in_words_what_they_show(layers):
    *kernels, curves = learning_figures(stages(), layers)
    assert [each.name for each in kernels] == ["stdp-kernels-1", "stdp-kernels-2"]
    assert f"{layers[1].connectivity:.1%}" in curves.alt
    axes = curves.draw().axes
    assert list(axes[0].lines[0].get_xdata()) == [look.samples for look in layers[0].history]
    assert list(axes[1].lines[1].get_ydata()) == [100 * look.live for look in layers[1].history]


def test_figures_are_files_of_the_same_bytes(layers, tmp_path):
    names = save_learning_figures(stages(), layers, tmp_path / "one")
    save_learning_figures(stages(), layers, tmp_path / "two")
    assert {path.stem for path in (tmp_path / "one").iterdir()} == set(names)
    for name in names:
        one, two = (tmp_path / each / f"{name}.svg" for each in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
