"""The small networks of `netx_models` go into the package, as `onespike_lava/shipped`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LARGEST = 2**17
"""Bytes of a network that is shipped; larger ones are in the source."""


class WithNetworks(build_py):
    """Copies them beside the modules; an editable install finds them in the source."""

    def run(self):
        """Build the modules, then copy."""
        super().run()
        if not self.editable_mode:
            for source, target in self._networks().items():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode=True):
        """All files that it writes."""
        copied = [] if self.editable_mode else map(str, self._networks().values())
        return [*super().get_outputs(include_bytecode), *copied]

    def _networks(self):
        folder = Path(self.build_lib) / "onespike_lava" / "shipped"
        files = sorted(Path(__file__).parent.glob("netx_models/*/*.net"))
        return {each: folder / each.name for each in files if each.stat().st_size <= LARGEST}


setup(cmdclass={"build_py": WithNetworks})
