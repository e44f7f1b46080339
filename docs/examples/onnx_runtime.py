"""A photograph in, an overlay out: ONNX Runtime, NumPy and Pillow alone.

pip install onnxruntime numpy pillow
python onnx_runtime.py slim.onnx photo.jpg overlay.png
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

model, photograph, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
facts = json.loads(session.get_modelmeta().custom_metadata_map["segnet"])
height, width = facts["size"]
image = ImageOps.exif_transpose(Image.open(photograph)).convert("RGB")
small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
(classes,) = session.run(["classes"], {"image": small[None]})  # (1, H, W) uint8

palette = np.zeros((256, 3), np.uint8)
for one in facts["class_map"]["classes"]:
    palette[one["id"]] = one["colour"]
    print(f"{one['name']:16} {(classes == one['id']).mean():6.1%}")
colours = Image.fromarray(palette[classes[0]])
colours = colours.resize(image.size, Image.Resampling.NEAREST)
Image.blend(image, colours, 0.5).save(out)
