"""Reports: what a network does on labelled data, as data and as one self-contained HTML page."""
