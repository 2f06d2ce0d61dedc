"""The page in a headless Chromium; skipped where none is installed."""

import html
import re
import shutil
import subprocess
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from onespike_lava import load
from onespike_lava.report import gather, page
from tests import ROOT
from tests.base.report.networks import compared, data, long

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars "
    "--enable-logging=stderr"
)
WIDTHS = (360, 768, 1200)

OUTER = """<!DOCTYPE html><html><body>{frames}<pre id="found"></pre><script>
addEventListener("load", () => {{
  const sizes = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentDocument.documentElement;
    return page.clientWidth + " " + page.scrollWidth;
  }});
  document.getElementById("found").textContent = sizes.join(";");
}});
</script></body></html>"""


@pytest.fixture(scope="module")
def browsed(reported, tmp_path_factory):
    """A browser's view of a page: (width, scroll width) in frames of two widths, and its log."""
    if CHROMIUM is None:
        pytest.skip("no chromium here")
    folder = tmp_path_factory.mktemp("browser")

    def browse(text):
        frame = '<iframe style="border:0" width="{}" height="900" srcdoc="{}"></iframe>'
        frames = "".join(frame.format(width, html.escape(text)) for width in WIDTHS)
        (folder / "outer.html").write_text(OUTER.format(frames=frames))
        done = subprocess.run(
            [CHROMIUM, *OPTIONS.split(), f"--user-data-dir={folder / 'profile'}", "--dump-dom",
             (folder / "outer.html").as_uri()],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        found = re.search(r'id="found">([^<]*)<', done.stdout).group(1)
        return [tuple(map(int, part.split())) for part in found.split(";")], done.stderr

    return browse


def test_no_scroll_across_and_no_message_on_the_console(browsed, reported):
    sizes, log = browsed(page(reported[0]))
    assert sizes == [(width, width) for width in WIDTHS]
    assert "CONSOLE" not in log


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_report_of_five_layers_prints_on_four_pages(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = load(ROOT / "netx_models" / "digits" / "digits.net")
    x = np.random.default_rng(0).random((60, 1, 8, 8))
    assert 1 < len(printed(network, x, tmp_path)) <= 4


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
@pytest.mark.parametrize("layers", [16, 60])
def test_so_does_one_of_many_layers_which_says_what_it_leaves_out(tmp_path, layers):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = long(layers)
    assert 1 < len(printed(network, data(network, 30)[0], tmp_path)) <= 4
    rules = resources.files("onespike_lava.report").joinpath("page.css").read_text()
    assert "Printed: the first 14 rows and the last" in rules


def printed(network, x, folder):
    """The pages of a report with as many changed samples as it shows at most, as they print."""
    y = network.predict(x)
    source = (y + (np.arange(len(x)) < 20)) % network.readout.shape[0]
    found = gather(network, x, y, comparison=replace(compared(network), classes=source))
    (folder / "page.html").write_text(page(found))
    subprocess.run(
        [CHROMIUM, *OPTIONS.split(), f"--user-data-dir={folder / 'profile'}",
         f"--print-to-pdf={folder / 'page.pdf'}", (folder / "page.html").as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return re.findall(rb"/Type\s*/Page\b", (folder / "page.pdf").read_bytes())


def test_the_measurement_sees_both(browsed):
    wide = "<!DOCTYPE html><div style='width:500px'>wide</div><script>console.error('x')</script>"
    sizes, log = browsed(wide)
    assert sizes[0][1] > sizes[0][0] == 360
    assert "CONSOLE" in log
