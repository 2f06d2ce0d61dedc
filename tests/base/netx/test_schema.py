"""The page of the format shows the schema and the limits."""

import re
from pathlib import Path

from onespike_lava.limits import (
    ALL_NEURONS_MAX,
    DELAY_MAX,
    FRACTION_BITS_MAX,
    INPUT_BITS_MAX,
    LAYERS_MAX,
    NAME_BYTES_MAX,
    NEURONS_MAX,
    PAYLOAD_BITS_MAX,
    PAYLOAD_MAX,
    PHASES_MAX,
    STEPS_MAX,
    TRAINS_MAX,
)
from onespike_lava.netx import reader, schema

FORMAT = Path(schema.__file__).with_name("FORMAT.md")


def test_format_page_holds_the_generated_table():
    """Put `python -m onespike_lava.netx.schema` between the marks when this fails."""
    text = FORMAT.read_text()
    between = re.search(r"schema -->\n\n(.*?)\n\n<!-- end -->", text, re.DOTALL)
    assert between is not None
    assert between[1] == schema.table()


def test_format_page_names_the_limits():
    text = FORMAT.read_text()
    powers = (
        (LAYERS_MAX, "layers"),
        (NEURONS_MAX, "neurons\n  of a layer"),
        (ALL_NEURONS_MAX, "neurons of all layers"),
        (reader.OBJECT_LIMIT, "groups and datasets"),
    )
    for limit, of in powers:
        assert f"2^{limit.bit_length() - 1} {of}" in text
        assert limit.bit_count() == 1
    assert f"{reader.FILE_LIMIT:,} bytes" in text
    assert f"a name 1 .. {NAME_BYTES_MAX} bytes" in text
    assert f"`T` 1 .. {PHASES_MAX}, `T_in` 1 .. {INPUT_BITS_MAX} and" in text
    assert f"`payload_bits` 1 .. {PAYLOAD_BITS_MAX}," in text


def test_format_page_names_the_limits_of_version_2():
    text = FORMAT.read_text()
    assert f"In version 2 `T` is 1 .. {STEPS_MAX}, `T` times the neurons of all layers" in text
    assert f"at most 2^{TRAINS_MAX.bit_length() - 1}, `T_in` 1 .. {INPUT_BITS_MAX} where" in text
    assert f"`fraction_bits` 0 .. {FRACTION_BITS_MAX}, `max_count` 1 .. {PAYLOAD_MAX}" in text
    assert f"a delay 0 .. {DELAY_MAX}." in text
