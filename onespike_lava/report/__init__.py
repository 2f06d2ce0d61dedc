"""Reports: what a network does on labelled data, as data and as one self-contained HTML page.

`gather` runs the samples and returns a `Report`, `page` makes HTML of it, `save_figures` writes
its figures. A `Comparison` adds the source network.

data    : what a report shows, gathered block by block
figures : its figures; `rasters` and `steps` those over time
drawing : how they are drawn
page    : the page
"""

from onespike_lava.report.data import Comparison, LayerLoss, Raster, Report, gather
from onespike_lava.report.page import page, save_figures

__all__ = ["Comparison", "LayerLoss", "Raster", "Report", "gather", "page", "save_figures"]
