"""The documents as a site: `make docs`."""

import sys
from importlib.util import find_spec
from pathlib import Path

from onespike_lava.version import __version__

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "onespike-lava"
author = "the onespike-lava authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "command_line",
    "mathml",
    "plain_docstrings",
]
exclude_patterns = ["_build", "links.py", "notebooks.py"]
default_role = "code"
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "show-inheritance": False}
add_module_names = False
python_use_unqualified_type_names = True

# Without torch, which is large, its modules are documented all the same; what is run is left out.
autodoc_mock_imports = [name for name in ("torch", "safetensors") if find_spec(name) is None]
doctest_global_setup = "from importlib.util import find_spec; no_torch = not find_spec('torch')"

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
suppress_warnings = ["myst.header"]
nb_execution_mode = "off"  # `make notebooks` ran them

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_title = f"onespike-lava {release}"
html_copy_source = False
html_show_sphinx = False
