"""How a network is converted.

declaration : what one option is; declared once, it serves everything that names options
options     : all of them, for the command line too, which shows them without loading NumPy
keywords    : the same as keywords of a function
recipe      : options, checked, and what follows from them
stepping    : the same of networks that step
provenance  : options as a file's provenance tells them, and back
"""

from typing import TYPE_CHECKING

from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.recipe.keywords import Keywords, StepKeywords, with_options
    from exporters.recipe.options import CHOICES, PAPER
    from exporters.recipe.recipe import Recipe, check_names, recipe_of

__all__ = [
    "CHOICES",
    "PAPER",
    "Keywords",
    "Recipe",
    "StepKeywords",
    "check_names",
    "recipe_of",
    "with_options",
]

__getattr__ = loader(
    __name__,
    {
        "CHOICES": "options",
        "Keywords": "keywords",
        "PAPER": "options",
        "Recipe": "recipe",
        "StepKeywords": "keywords",
        "check_names": "recipe",
        "recipe_of": "recipe",
        "with_options": "keywords",
    },
)
