"""Colours of the page against WCAG 2.2, level AA: 4.5 to 1 for text, 3 to 1 for data."""

import re
from importlib import resources

import pytest

from onespike_lava.report.drawing import BLUE, GREY, ORANGE, mixed
from onespike_lava.report.rasters import colours

STYLE = (resources.files("onespike_lava.report") / "page.css").read_text()
TEXT = ("ink", "faint", "alert", "good", "link")


def scheme(rules):
    """Names of colours of a `:root` rule -> the colours."""
    pairs = re.findall(r"--(\w+): (#[0-9a-f]{3,6})\b", rules)
    return {name: _long(colour) for name, colour in pairs if len(colour) in (4, 7)}


def _long(colour):
    return colour if len(colour) == 7 else "#" + "".join(2 * each for each in colour[1:])


ROOTS = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
LIGHT = scheme(ROOTS[0])
DARK = LIGHT | scheme(ROOTS[1])
PRINT = LIGHT | scheme(ROOTS[2])


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, two):
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_that_of_the_recommendation():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
def test_text_is_legible(colours):
    assert set(TEXT) | {"paper", "band"} <= set(colours)
    for name in TEXT:
        for ground in ("paper", "band"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


@pytest.mark.parametrize("ground", [LIGHT["paper"], DARK["paper"]])
def test_data_are_legible_on_both_grounds(ground):
    for colour in (BLUE, ORANGE, GREY, *colours()):
        assert contrast(colour, ground) >= 3, colour
        assert contrast(colour, mixed(ground, GREY, 0.16)) >= 2.9, colour  # in a firing window


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_counts_of_a_confusion_are_legible_on_their_tints(scheme):
    tints = dict(re.findall(r"--(hit|miss): (\d+ \d+ \d+)", STYLE))
    shares = dict(re.findall(r"var\(--(hit|miss)\) / calc\(var\(--share, 0\) \* (\.\d)\)", STYLE))
    assert set(tints) == set(shares) == {"hit", "miss"}
    for name, channels in tints.items():
        tint = "#" + "".join(f"{int(each):02x}" for each in channels.split())
        ground = mixed(scheme["paper"], tint, float(shares[name]))
        assert contrast(scheme["ink"], ground) >= 4.5, name
