"""A run's file: whole or not there, and of this run."""

import pytest

torch = pytest.importorskip("torch")

from exporters.training.checkpoint import Checkpoint  # noqa: E402
from onespike_lava.errors import DataError  # noqa: E402

HEAD = {"rate": 0.1, "model": [[2, 3]]}


def test_a_state_comes_back(tmp_path):
    file = Checkpoint(tmp_path / "new" / "run.pt", HEAD)
    assert file.load() is None
    file.save({"step": 3, "weights": {"a": torch.arange(4)}})
    found = Checkpoint(file.path, HEAD).load()
    assert found["step"] == 3
    assert torch.equal(found["weights"]["a"], torch.arange(4))
    assert [path.name for path in file.path.parent.iterdir()] == ["run.pt"]


def test_a_file_of_another_run_is_refused(tmp_path):
    Checkpoint(tmp_path / "run.pt", HEAD).save({})
    with pytest.raises(
        DataError, match=r"run\.pt: of another run, rate was 0\.1 and is 0\.2; give"
    ):
        Checkpoint(tmp_path / "run.pt", {**HEAD, "rate": 0.2}).load()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "cut"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "run.pt"
    if content == "cut":
        Checkpoint(path, HEAD).save({"weights": torch.zeros(1000)})
        content = path.read_bytes()[:-500]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"run\.pt: no checkpoint \(\w+\); give another path$"):
        Checkpoint(path, HEAD).load()


def test_a_file_runs_no_code(tmp_path):
    """What pickle would call is not called."""

    class Call:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    torch.save({"head": HEAD, "state": Call()}, tmp_path / "run.pt")
    with pytest.raises(DataError, match="no checkpoint"):
        Checkpoint(tmp_path / "run.pt", HEAD).load()
    assert not (tmp_path / "made").exists()
