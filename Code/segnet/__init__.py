"""segnet: slim networks for semantic segmentation of road scenes.

A verb of the command is a folder; what several verbs share has a folder per noun:

    segnet.classes    class maps: ids, names, colours; mappings between datasets
    segnet.fetch      fetch(): published datasets over HTTP
    segnet.scenes     render(): streets in the format of Virtual KITTI
    segnet.data       readers, prepare(), the store, training batches
    segnet.check      check(): what is wrong with a dataset or a store
    segnet.models     MODELS: the networks; load(): shipped weights by name
    segnet.losses     LOSSES: cross_entropy, focal, ohem, lovasz, dice; class weights
    segnet.metrics    confusion matrix, IoU, the Keras metric MeanIoU
    segnet.recipe     Recipe: how to train; segnet.recipes: RECIPES, the named ones
    segnet.runs       run folders, loading trained networks, packing with a card
    segnet.train      train(): a recipe and a store in, a run folder out
    segnet.evaluate   evaluate(): per-class table, report.json, pictures
    segnet.predict    class ids for images without labels
    segnet.export     model files for other runtimes
    segnet.pictures   sheets, curves, bars, structure drawings (matplotlib)
    segnet.bench      measurements beside the obvious alternative
    segnet.cli        the `segnet` command, one file a verb
    segnet.system     files written in one step, locks, worker processes

Importing the package loads nothing else: data work starts fast and without a
deep-learning framework; import the module you need.
"""

__version__ = "0.2.0"
