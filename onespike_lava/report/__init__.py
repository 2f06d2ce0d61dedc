"""Reports: what a network does on labelled data, as data and as one self-contained HTML page.

`gather` runs the samples and returns a `Report`, `page` makes HTML of it, `save_figures` writes
its figures. A `Comparison` adds the source network.

data    : what a report shows, gathered block by block
outcomes : what became of single samples and of classes
verdict : what stands at its top
figures : its figures; `rasters` and `steps` those over time
pictures : samples, and dense outputs of the first ones
drawing : how they are drawn
page    : the page
learning: the page of layers that have learnt
"""

from onespike_lava.report.data import Comparison, LayerLoss, Numbers, Raster, Report, gather
from onespike_lava.report.page import page, save_figures

__all__ = [
    "Comparison",
    "LayerLoss",
    "Numbers",
    "Raster",
    "Report",
    "gather",
    "page",
    "save_figures",
]
