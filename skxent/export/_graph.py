"""A graph of ONNX operators, written as formulas of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

if TYPE_CHECKING:
    import onnx

# The oldest that has all operators as they are used here. onnxruntime runs it from 1.14 on.
OPSET = 18

# That of opset 18 would be 8. torch.onnx writes this one, and both must be the same to be merged.
IR_VERSION = 10


def import_onnx() -> Any:
    """Return the module onnx, or raise an error that says how to install it."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise ModuleNotFoundError(
            'skxent.export needs onnx, which `pip install "skxent[onnx]"` installs', name="onnx"
        ) from error
    return onnx


@dataclass(frozen=True, eq=False)
class Value:
    """A value of a graph: its name and its type. Operators between values add nodes."""

    graph: Graph
    name: str
    dtype: np.dtype[Any]

    def apply(
        self,
        kind: str,
        *others: Value | ArrayLike,
        dtype: DTypeLike | None = None,
        **attributes: Any,
    ) -> Value:
        """Return the result of an operator on this value and others.

        Numbers and arrays become constants of this value's type. The result has it as well, unless
        `dtype` says otherwise.
        """
        values = [
            other if isinstance(other, Value) else self.graph.constant(other, self.dtype)
            for other in others
        ]
        return self.graph.add(kind, self, *values, dtype=dtype or self.dtype, **attributes)

    def __add__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Add", other)

    def __sub__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Sub", other)

    def __mul__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Mul", other)

    def __truediv__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Div", other)

    def __floordiv__(self, other: int) -> Value:
        """Divide integers, which must not be negative."""
        return self.apply("Div", other)

    def __mod__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Mod", other)

    def __matmul__(self, other: Value | ArrayLike) -> Value:
        return self.apply("MatMul", other)

    def __ge__(self, other: Value | ArrayLike) -> Value:
        return self.apply("GreaterOrEqual", other, dtype=bool)

    def __lt__(self, other: Value | ArrayLike) -> Value:
        return self.apply("Less", other, dtype=bool)

    def __and__(self, other: Value) -> Value:
        return self.apply("And", other)

    def at_least(self, other: Value | ArrayLike) -> Value:
        """Return the larger one of two values, elementwise."""
        return self.apply("Max", other)

    def at_most(self, other: Value | ArrayLike) -> Value:
        """Return the smaller one of two values, elementwise."""
        return self.apply("Min", other)

    def otherwise(self, condition: Value, other: Value | ArrayLike) -> Value:
        """Return this value where the condition holds, and the other one elsewhere."""
        other = other if isinstance(other, Value) else self.graph.constant(other, self.dtype)
        return self.graph.add("Where", condition, self, other, dtype=self.dtype)

    def cast(self, dtype: DTypeLike) -> Value:
        """Return the value in another type."""
        if self.dtype == dtype:
            return self
        return self.apply("Cast", dtype=dtype, to=_onnx_type(dtype))

    def size(self, axis: int) -> Value:
        """Return the length of an axis, counted from the first one, as an integer of no axes."""
        shape = self.apply("Shape", dtype=np.int64, start=axis, end=axis + 1)
        return shape.apply("Squeeze")

    def expand(self, *axes: int) -> Value:
        """Return the value with new axes of length one, at these places of the result."""
        return self.graph.add(
            "Unsqueeze", self, self.graph.constant(axes, np.int64), dtype=self.dtype
        )

    def reshape(self, *shape: int) -> Value:
        """Return the value in another shape; 0 keeps an axis, -1 takes what is left."""
        return self.graph.add(
            "Reshape", self, self.graph.constant(shape, np.int64), dtype=self.dtype
        )

    def transpose(self, *axes: int) -> Value:
        """Return the value with its axes in another order."""
        return self.apply("Transpose", perm=axes)

    def reduce(self, kind: str, axis: int, keepdims: bool = False) -> Value:
        """Return the "Sum", "Mean", "Min", "Max" or the like over an axis."""
        axes = self.graph.constant([axis], np.int64)
        return self.graph.add(f"Reduce{kind}", self, axes, dtype=self.dtype, keepdims=int(keepdims))

    def cut(self, start: Value, end: Value, axis: int) -> Value:
        """Return what is from `start` to before `end` of an axis; both have no dimensions."""
        axes = self.graph.constant([axis], np.int64)
        return self.graph.add("Slice", self, start.expand(0), end.expand(0), axes, dtype=self.dtype)

    def take(self, indices: Value, axis: int) -> Value:
        """Return the entries of an axis at these indices."""
        return self.apply("Gather", indices, axis=axis)

    def take_by_clip(self, indices: Value) -> Value:
        """Return the entries (batch, n, ...) of axis 1 at each clip's own indices (batch, n)."""
        return self.apply("GatherND", indices.expand(2), batch_dims=1)


class Graph:
    """Nodes, and the constants that they need.

    Parameters
    ----------
    name : str
        Name of the graph.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[Any, ...], tuple[Value, NDArray[Any]]] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def add(self, kind: str, *inputs: Value, dtype: DTypeLike, **attributes: Any) -> Value:
        """Add a node, and return its only result."""
        return self.add_all(kind, *inputs, dtypes=[dtype], **attributes)[0]

    def add_all(
        self, kind: str, *inputs: Value, dtypes: Sequence[DTypeLike], **attributes: Any
    ) -> list[Value]:
        """Add a node, and return its results, one for each type."""
        from onnx import helper

        number = len(self._nodes)
        names = [f"{self.name}_{kind}_{number}_{i}" for i in range(len(dtypes))]
        self._nodes.append(
            helper.make_node(kind, [value.name for value in inputs], names, **attributes)
        )
        return [
            Value(self, name, np.dtype(dtype)) for name, dtype in zip(names, dtypes, strict=True)
        ]

    def constant(self, values: ArrayLike, dtype: DTypeLike) -> Value:
        """Return a constant; one of the same content is kept once."""
        array = np.asarray(values, dtype)
        content = tuple(array.ravel()) if array.dtype == object else array.tobytes()
        key = (content, array.dtype.str, array.shape)
        if key not in self._constants:
            name = f"{self.name}_constant_{len(self._constants)}"
            self._constants[key] = Value(self, name, array.dtype), array
        return self._constants[key][0]

    def input(self, name: str, dtype: DTypeLike, shape: Sequence[str | int]) -> Value:
        """Declare an input; an axis of any length has a name."""
        self._inputs.append(_declare(name, dtype, shape))
        return Value(self, name, np.dtype(dtype))

    def output(self, name: str, value: Value, shape: Sequence[str | int]) -> None:
        """Declare an output."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(_declare(name, value.dtype, shape))

    def arange(self, stop: Value) -> Value:
        """Return the integers from zero to before `stop`."""
        zero, one = (self.constant(number, np.int64) for number in (0, 1))
        return self.add("Range", zero, stop, one, dtype=np.int64)

    def to_model(self, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """Return the graph as a model, with texts by their names in its metadata."""
        from onnx import helper, numpy_helper

        constants = [
            numpy_helper.from_array(array, value.name) for value, array in self._constants.values()
        ]
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, self._outputs, initializer=constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        helper.set_model_props(model, dict(metadata or {}))
        return model


def _onnx_type(dtype: DTypeLike) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _declare(name: str, dtype: DTypeLike, shape: Sequence[str | int]) -> onnx.ValueInfoProto:
    from onnx import helper

    return helper.make_tensor_value_info(name, _onnx_type(dtype), shape)
