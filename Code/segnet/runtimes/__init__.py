"""Runs exported files in ONNX Runtime, LiteRT, OpenVINO and TensorFlow, without Keras."""
