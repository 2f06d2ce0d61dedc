"""What docs/training.md says around its tables, which `tables.py` makes."""

OPENING = """\
# Networks trained as SNNs

What `exporters.training` ([guide](concepts/training.md)) gives on small data, system by system, and
what of each paper's claims that shows. Made by `python netx_models/training/tables.py` of what
the other scripts beside it measured, each run on one thread of a
shared machine: accuracies are what they are, seconds are upper bounds. Figures are percent of the
test images that the **last** epoch's weights get right, in brackets those of the epoch that was
best on validation images: means over seeds, with the range where there are several. Nothing was
chosen by test images.
"""

SEW = """\
## SEW: depth

Digits of scikit-learn (8 x 8, 1,195 training and 602 test images) in place of ImageNet and event
cameras. {about}

{table}

{figure}

The paper's first two claims can be seen here: ADD and IAND train at 110 layers as well as at 20,
while the spiking ResNet loses with depth, one of its seeds at 56 layers learns nothing, and the
plain network never does. The spiking ResNet keeps more here than on ImageNet, where it falls to a
tenth at 152 layers: it begins as the identity, and ATan is 1 at the threshold. Blocks that do not
begin as the identity (`no zero`) cost ADD points and IAND and the spiking ResNet all at 56 layers.
The third claim, that deeper is better, needs larger data and is not shown. `spikes` are per neuron
and sample of the four steps, `payload` the most spikes that a block puts out for one: at most `n +
1` after `n` blocks of ADD.
"""

TSSL = """\
## TSSL-BP: what of the gradient counts

[Zhang and Li (2020), arXiv:2002.10085](https://arxiv.org/abs/2002.10085). MNIST-5k (4,000 training
and 1,000 test images) in place of MNIST, N-MNIST, Fashion-MNIST and
CIFAR-10. {about}

{table}

{figure}

`counts` reads the same networks by the number of output spikes instead of their filtered sum.
The surrogate of silent neurons is indispensable, the timing of spikes is worth a point, what reset
and leak pass on nothing; a plain sigmoid for all neurons does no worse. So TSSL-BP trains networks
of Lava's neurons to the level of surrogate gradients, and no more was seen. The paper's accuracies
cannot be compared: this is a twelfth of its training images.
"""

S2NN = """\
## S2NN: one step

[Suetake et al. (2022), arXiv:2201.10879](https://arxiv.org/abs/2201.10879). MNIST-5k in place of
CIFAR-10. {about}

{table}

{figure}

The paper's claim is: more accurate than other neurons at one step and than binary networks.
Surrogates differ by less than a point here, which is a tie; all are ahead of the binary networks of
this shape, and behind the ReLUs. CIFAR-10 follows below.
"""

SURROGATES = """\
## Surrogate, batch norm, optimiser: what trains plain networks

Digits of scikit-learn in place of CIFAR-100 and Imagenette. {about}

{table}

{figure}

`factor` is `exporters.training.gain` of 20 such layers at the start. By SGD ten layers train the
better the wider the surrogate is; AdamW hides that at ten layers, not at twenty. Of twenty only
those with a factor from about 1.2 to 1.5 train (by AdamW wider ones too), and ATan with such a
factor does not: it is needed, not enough. Narrow surrogates, the often quoted `a = 10` among them,
train neither. Without batch norms ten layers train worse, twenty hardly. Fifty plain layers train
with none; residual networks (above) do.
"""


CROSSING = """\
## Training against conversion, by steps

{about}

{table}

{figure}

Up to 4 steps training is ahead; from 10 steps on the conversion has met its network of ReLUs. The
crossing lies at so few steps because the network is shallow; the paper's, of fifty layers, at about
1,000, is out of reach here. The one-spike network, not trained as an SNN either, loses nothing.
"""


CIFAR = """\
## CIFAR-10: SEW and S2NN beside their ReLU twins

{about}

{table}

`float` and `int8` are percent of the 10,000 test images. `synops` are additions of synapses per
image for all steps, `input MACs` the multiplications of the first layer, `MACs` those of the
network of ReLUs. One seed each, but for networks of one step: the standard error of one test
accuracy alone is 0.4 points.

Both are behind their twins, SEW by 5.7 points, S2NN by 3.1 after 16 epochs and 4.8 after 28: more
epochs help both kinds, the network of ReLUs more. Rounded to int8 SEW loses 0.15 points, S2NN
none, and every engine sends the same spikes. **At equal epochs, the ReLU twin converted to one
spike is the better network**: ResNet-20 keeps 84.9 % with 18 million synaptic operations where
SEW has 79.2 % with 27 million. S2NN is the frugal one: a quarter of the operations of its
converted twin. The files are in `netx_models/cifar10-trained`.

By depth, on a fifth of the images: from 20 to 56 layers SEW gains 4.5 points, the spiking ResNet
loses 14.5, which is the paper's claim on its own kind of data, small. One seed.

Of neurons of one step S2NN's surrogate is ahead of the others by one to four points in every seed,
of the binary networks of this shape by twelve and fifteen, and nine behind the ReLUs: the order of
the paper. On MNIST-5k the surrogates tied. What spikes takes a fifth of the operations of the
ReLUs, a binary network as many products of signs as these multiplications.
"""


DEPLOYED = """\
## As integers, in every engine

{about}

{table}

`synops` are additions of synapses per sample for all steps, `input MACs` the multiplications of the
first layer, `MACs` those of a network of ReLUs of this shape; all counted on the test images.
`equal` names what sends the same spikes and scores for the first 100 of them.
"""


REWIRING = """\
## Few synapses

{about}

{table}

`connectivity` is the share of synapses that are not 0, `int8` and `whole` are accuracy and
connectivity of the integers, `synops` what spikes of the hidden layer cost per image, `input MACs`
what the image costs, `E` the energy ratio of Eq. 6 of
[Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786) for FP32, `kB` the
size of the file, which holds live weights and a bit for each place. All rules have the same epochs.
The networks send what the reference sends for ten test images in engine numba and in Lava, every
spike.

On MNIST-5k, three seeds, Grad R and magnitude pruning with retraining are within half a point at 26
and 8 % of the synapses; Deep R is one and two points behind. Below, Grad R keeps more: 89.6 % at
1.3 % of the synapses, where Deep R has 85.2 and pruning 78.4; 77.3 % at 0.7 %, where they have 75.4
and 57.7. On CIFAR-10, one seed, it is two points ahead of pruning at 12 % and 17 at 1.8 %, of Deep
R five and two. Pruning without retraining leaves little but at 26 %. What Grad R keeps of
MNIST-5k's networks is busy: below 2 % it takes five times the synops of the others and more, so
that less energy is saved. The 3.5 points that the paper loses at 0.73 %, with full MNIST and 512
epochs of moved images, are 18 here: at a drift that leaves so few in 120 epochs of 4,000 images,
the network cannot follow.
"""


FINETUNED = """\
## One-spike networks trained on

{about}

{table}

`before` is the network that training starts from: of 8 bits and any fan-in the conversion by the
exporters' defaults, but for the row's T, payloads and doubling (a fan-in gives average pools their
own neurons). `ReLU` is the source network,
`loss` what is lost against it in points, `live` the weights that are not 0, `E` the energy ratio of
Eq. 6 of [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786) for FP32, in
which pruned weights count on neither side, `equal` of how many runs engine numba and Lava send what
the reference sends for ten test images, every spike. 602 test images tell
a tenth of a point from chance only over several seeds: what is within 0.3 points on digits is a
tie.

The standard error of one test accuracy on CIFAR-10 alone is 0.3 points. VGG loses nothing at T =
16, and with six epochs 0.1 points at T = 8 (three seeds); weights of 4 bits cost 0.4. **ResNet-20
still loses 1.2 points at T = 8 after two epochs (three seeds) and 0.4 after 20 (one)**, 0.1 at T =
16: 3 bits are few for a residual stream of 16 channels. With weights of 4 bits it loses 0.4 after
ten, as with 8 after 20. A fan-in of 256 leaves 36 % of VGG's weights and costs 1.6 points with two
epochs, 0.9 with ten; it leaves some 62 % of ResNet-20's, which then loses 1.4 points with two
epochs, 0.9 with ten. Gradient rewiring of two epochs, and two behind it, is no rival to that in
VGG: a drift of 0.3 leaves as many weights, and 77 %. Rows that the script lists and this table
lacks were not made.

Table IV of the same paper has other networks for the original pixels of CIFAR-10, rate-coded ones
trained on for few steps beside its own of one spike without training:

| Table IV, CIFAR-10 | T | ANN % | SNN % | loss | E |
| --- | --- | --- | --- | --- | --- |
| VGG-16, Rathi and Roy 2021 | 5 | 93.72 | 92.70 | 1.02 | 12.4 |
| VGG-16, Chowdhury et al. 2022 | 1 | 94.10 | 93.05 | 1.05 | 33 |
| VGG-16, one spike | 16 | 93.90 | 93.76 | 0.14 | 14.13 |
| ResNet-20, Rathi and Roy 2021 | 5 | 92.79 | 91.78 | 1.01 | 6.3 |
| ResNet-20, Chowdhury et al. 2022 | 1 | 93.34 | 91.10 | 2.24 | 16.32 |
| ResNet-20, one spike | 16 | 92.67 | 92.61 | 0.06 | 13.72 |
"""


COUNTS = """\
## Spike counts, layer by layer

{about}

{table}

`primitive` is the conversion by spike counts that training starts from, of 8 bits and any fan-in,
`tandem` what it ends with; both are accuracies of the integers on all test images. `E` is the
energy ratio of Eq. 6 of [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786)
for FP32, before and after; other columns are those of the table above. Wu et al. (2021) tell T,
accuracy and energy of VGG-11 and AlexNet in the same way; their networks and images are not these,
so that figures cannot be compared.
"""
