"""A photograph in, an overlay out: OpenVINO, NumPy and Pillow alone.

pip install openvino numpy pillow
python openvino_runtime.py slim.xml photo.jpg overlay.png
"""

import json
import sys

import numpy as np
import openvino
from PIL import Image, ImageOps

model, photograph, out = sys.argv[1:]
network = openvino.Core().read_model(model)
facts = json.loads(network.get_rt_info(["segnet"]).astype(str))
height, width = facts["size"]
image = ImageOps.exif_transpose(Image.open(photograph)).convert("RGB")
small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
run = openvino.compile_model(network, "CPU")
classes = run(small[None])["classes"]  # (1, H, W) uint8

palette = np.zeros((256, 3), np.uint8)
for one in facts["class_map"]["classes"]:
    palette[one["id"]] = one["colour"]
    print(f"{one['name']:16} {(classes == one['id']).mean():6.1%}")
colours = Image.fromarray(palette[classes[0]])
colours = colours.resize(image.size, Image.Resampling.NEAREST)
Image.blend(image, colours, 0.5).save(out)
