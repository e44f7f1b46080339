"""segnet: slim networks for semantic segmentation of road scenes.

    segnet.classes    class maps: ids, names, colours; VKITTI1, VKITTI2, CAMVID11
    segnet.data       readers, renderer, preprocessing and store (NumPy, no Keras)
    segnet.models     MODELS: reference_multibranch, reference_edgesegnet,
                      slim, edgesegnet, fast_scnn
                      load(): shipped weights by name
    segnet.losses     LOSSES: cross_entropy, focal, ohem, lovasz, dice; class weights
    segnet.metrics    confusion matrix, IoU, the Keras metric MeanIoU
    segnet.recipe     Recipe: how to train; segnet.recipes: RECIPES, those with names
    segnet.train      train(): a recipe and a store in, a run folder out
    segnet.evaluate   evaluate(): per-class table, report.json, pictures
    segnet.pack       pack(): weights and a card of a run; segnet.cards: its text
    segnet.mappings   classes of one dataset in the words of another
    segnet.check      check(): what is wrong with a dataset or a store
    segnet.pictures   sheets, curves, bars (matplotlib)
    segnet.bench      measurements beside the obvious alternative
    segnet.cli        the `segnet` command

Importing the package loads nothing else: data work starts fast and without a
deep-learning framework; import the module you need.
"""

__version__ = "0.1.0"
