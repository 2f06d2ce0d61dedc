"""Networks that learn by STDP while they are pruned: images in, a network with a readout out.

    trained = stdp.train(images, labels, seed=0)
    onespike_lava.save(trained.network, "net.net")
    trained.network.predict(stdp.encode(others))

The layers learn from images alone, one after the other (`onespike_lava.learning`); labels serve the
readout, by least squares. Needs neither torch nor Lava.

recipe   : what is trained
learning : training, the network of what has learnt, its report
"""

from exporters.training.stdp.learning import Trained, of_layers, report, train
from exporters.training.stdp.recipe import RECIPE, Recipe
from onespike_lava.learning.latency import encode

__all__ = ["RECIPE", "Recipe", "Trained", "encode", "of_layers", "report", "train"]
