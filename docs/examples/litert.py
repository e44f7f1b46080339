"""A photograph in, an overlay out: LiteRT, NumPy and Pillow alone.

pip install ai-edge-litert numpy pillow
python litert.py slim.tflite photo.jpg overlay.png
"""

import json
import sys
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

model, photograph, out = sys.argv[1:]
runner = Interpreter(model).get_signature_runner()
facts = json.loads(zipfile.ZipFile(model).read("metadata.json"))
height, width = facts["size"]
image = ImageOps.exif_transpose(Image.open(photograph)).convert("RGB")
small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
classes = runner(image=small[None])["classes"]  # (1, H, W) uint8

palette = np.zeros((256, 3), np.uint8)
for one in facts["class_map"]["classes"]:
    palette[one["id"]] = one["colour"]
    print(f"{one['name']:16} {(classes == one['id']).mean():6.1%}")
colours = Image.fromarray(palette[classes[0]])
colours = colours.resize(image.size, Image.Resampling.NEAREST)
Image.blend(image, colours, 0.5).save(out)
