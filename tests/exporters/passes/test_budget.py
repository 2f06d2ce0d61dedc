"""Values that spread into too many are refused before they do."""

from tests.chains import Chain, doubled, prepared, refusal

WAY = "put a ReLU after the sums and maps before it"


def test_sums_of_too_many_values_are_refused_before_they_spread():
    prepared(doubled(9).conv("y", kernel=1, pad=0))
    message = (
        f"f10 (add): joins 1024 values, those of what it reads among them, more than 512; {WAY}"
    )
    assert refusal(doubled(10).conv("y")) == message
    residual = Chain()
    for number in range(1, 60):
        before = residual.nodes[-1].name
        residual.conv(f"c{number}", outputs=2, kernel=1, pad=0)
        residual.add("add", f"f{number}", f"c{number}", before)
    assert refusal(residual.conv("y")) == message
    positive = Chain().relu("r")
    for number in range(300):
        positive.add("add", f"f{number}", *[positive.nodes[-1].name] * 2)
    assert "f9 (add): joins 1024 values" in refusal(positive.conv("y"))


def test_sums_that_many_maps_read_are_refused():
    many = doubled(9).relu("r")
    for number in range(9):
        many.conv(f"c{number}", "f9", kernel=1, pad=0)
    many.add("add", "y", *(f"c{number}" for number in range(9)))
    assert refusal(many).endswith(f" spreads to more than 4096 parts; {WAY}")


def test_wide_skips_are_refused():
    """Each skip of 4096 features is a matrix of 64 MiB."""
    wide = Chain((4096,)).relu("r").add("add", "y", *["r"] * 3)
    assert refusal(wide) == (
        "y (add): maps composed and copied up to it have more than 33554432 weights beyond 64 "
        f"times those of the network; {WAY}"
    )


def test_pads_and_slices_of_wide_values_are_refused():
    wide = Chain((2**13,)).add("slice", "y", start=(0,), stop=(2**13 - 1,), step=(1,))
    message = "y ({}): maps composed and copied up to it have more than 33554432 weights beyond 64 "
    assert refusal(wide).startswith(message.format("slice"))
    assert refusal(wide).endswith("; pad and slice fewer values")
    wide = Chain((3,)).add("pad", "y", channels=(0, 2**24 - 3))
    assert refusal(wide).startswith(message.format("pad"))
    prepared(Chain((2**13,)).add("slice", "y", start=(1,), stop=(4,), step=(2,)))


def test_concatenations_of_too_many_values_are_refused():
    way = "concatenate fewer values"
    assert refusal(doubled(10, "concat", (1, 2, 2)).conv("y", kernel=1, pad=0)) == (
        f"f10 (concat): joins 1024 values, those of what it reads among them, more than 512; {way}"
    )
    many = doubled(9, "concat", (1, 2, 2))
    for number in range(33):
        many.add("relu", f"r{number}", "f9", clip=1.0 + number)
    many.add("add", "y", *(f"r{number}" for number in range(33)))
    assert refusal(many).endswith(f" spreads to more than 16384 parts; {way}")


def test_flattened_values_are_added_behind_their_maps_only():
    flat = Chain().add("flatten", "f").add("add", "s", "f", "f").linear()
    assert refusal(flat).startswith(
        "f (flatten): read by s (add); only linear layers read flattened values, put one there; "
    )
