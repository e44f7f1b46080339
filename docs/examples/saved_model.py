"""A photograph in, an overlay out: TensorFlow, NumPy and Pillow alone.

pip install tensorflow numpy pillow
python saved_model.py slim photo.jpg overlay.png
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

model, photograph, out = sys.argv[1:]
network = tf.saved_model.load(model).signatures["serving_default"]
facts = json.loads((Path(model) / "assets.extra" / "segnet.json").read_text())
height, width = facts["size"]
image = ImageOps.exif_transpose(Image.open(photograph)).convert("RGB")
small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
classes = network(image=tf.constant(small[None]))["classes"].numpy()  # (1, H, W)

palette = np.zeros((256, 3), np.uint8)
for one in facts["class_map"]["classes"]:
    palette[one["id"]] = one["colour"]
    print(f"{one['name']:16} {(classes == one['id']).mean():6.1%}")
colours = Image.fromarray(palette[classes[0]])
colours = colours.resize(image.size, Image.Resampling.NEAREST)
Image.blend(image, colours, 0.5).save(out)
