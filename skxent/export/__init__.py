"""A fitted pipeline as an ONNX model, for apps, browsers and other languages."""

from skxent.export._export import to_onnx
from skxent.export._skl2onnx import register_skl2onnx

__all__ = ["register_skl2onnx", "to_onnx"]
