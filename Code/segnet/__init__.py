"""segnet: slim networks for semantic segmentation of road scenes.

A verb of the command is a folder; what several verbs share has a folder per noun.
The first line of each folder's `__init__` says what lives there, and "What is where"
in the README is made of these lines.

Importing the package loads nothing else: data work starts fast and without a
deep-learning framework; import the module you need.
"""

__version__ = "0.2.0"
