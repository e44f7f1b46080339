"""Runs exported files in ONNX Runtime, LiteRT, OpenVINO and TensorFlow; no Keras."""
