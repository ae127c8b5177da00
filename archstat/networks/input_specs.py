"""What goes into a network, as data and as text; needs no torch.

========================================  ==============================================================================
``3x224x224``                             a tensor, by its sizes without the batch
``128:int64`` or ``int64:128``            with its element type; without one it has that of the network
``:int64``                                one whole number for each input of the batch, such as a timestep
``mask=bool:128``                         handed over by name
``mask=bool:128=1``                       with that number in each place, where values matter
``(3x224x224,77:int64)``                  a tuple
``{image:3x224x224,text:int64:77}``       a dictionary
``[3x480x640,3x600x800]``                 a list, one tensor for each input of the batch: sizes are whole, as detectors
                                          take them, and a batch of 2 has the list twice
``scale:=0.5``, ``:=None``                what Python calls a literal, by name or by position
``@inputs.py:make``                       a function of yours that returns ``(args, kwargs)``
========================================  ==============================================================================
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import msgspec

from archstat.errors import InputError, quoted
from archstat.records import Shape

_ELEMENT_TYPES = "float32 float64 float16 bfloat16 complex64 complex128 int64 int32 int16 int8 uint8 bool".split()


class InputSpec(msgspec.Struct, frozen=True, tag=True):
    """One tensor that a network takes.

    Attributes:
        shape: The shape of the tensor without the batch dimension.
        dtype: The element type in torch's words, ``""`` for that of the network.
        name: The argument of ``forward`` that it is; ``""``: the next one by position.
        fill: The number in each place; ``None``: any numbers do.
        has_batch: The batch is its first axis; ``False``: it is one input of the batch, and ``shape`` is all of it.
        is_packed: The batch has no axis of its own: the first axis of one input follows that of the one before.
        values: The numbers along its last axis, for one that needs certain ones, such as the tokens that stand for an
            image.
    """

    shape: Shape
    dtype: str = ""
    name: str = ""
    fill: float | None = None
    has_batch: bool = True
    is_packed: bool = False
    values: tuple[float, ...] = ()

    def whole_shape(self, batch_size: int) -> Shape:
        """The shape of the tensor for so many inputs at once.

        >>> InputSpec((3, 8, 8)).whole_shape(2), InputSpec((16, 48), is_packed=True).whole_shape(2)
        ((2, 3, 8, 8), (32, 48))
        """
        if self.is_packed:
            return (batch_size * self.shape[0], *self.shape[1:])
        return (batch_size, *self.shape) if self.has_batch else self.shape


class InputGroup(msgspec.Struct, frozen=True, tag=True):
    """Several inputs in one argument.

    Attributes:
        kind: What holds them: ``"list"``, ``"tuple"`` or ``"dict"``.
        items: What is in it, in order.
        keys: The keys of a dictionary.
        name: The argument of ``forward`` that it is; ``""``: the next one by position.
    """

    kind: Literal["list", "tuple", "dict"]
    items: tuple[AnyInput, ...]
    keys: tuple[str, ...] = ()
    name: str = ""


class InputLiteral(msgspec.Struct, frozen=True, tag=True):
    """A value that is handed over as it is.

    Attributes:
        value: A Python literal.
        name: The argument of ``forward`` that it is; ``""``: the next one by position.
    """

    value: Any
    name: str = ""

    def __hash__(self) -> int:
        """A list has no hash, and a setting that holds one must have one."""
        return hash((repr(self.value), self.name))


class InputMaker(msgspec.Struct, frozen=True, tag=True):
    """A function that makes all inputs.

    Attributes:
        place: Where the function is: ``"inputs.py:make"``, ``"package.module:make"``.
    """

    place: str
    name: str = ""


AnyInput = InputSpec | InputGroup | InputLiteral | InputMaker


def tensor_specs(inputs: Sequence[AnyInput]) -> Iterator[InputSpec]:
    """The tensors among inputs, in order, those in structures too."""
    for each in inputs:
        if isinstance(each, InputSpec):
            yield each
        elif isinstance(each, InputGroup):
            yield from tensor_specs(each.items)


def mapped_specs(inputs: Sequence[AnyInput], change: Callable[[InputSpec], InputSpec]) -> tuple[AnyInput, ...]:
    """Inputs of the same structure with other tensors."""
    return tuple(_mapped(each, change) for each in inputs)


def _mapped(each: AnyInput, change: Callable[[InputSpec], InputSpec]) -> AnyInput:
    if isinstance(each, InputSpec):
        return change(each)
    if isinstance(each, InputGroup):
        return msgspec.structs.replace(each, items=mapped_specs(each.items, change))
    return each


# -- of other sizes ---------------------------------------------------------------------------------------------------


def at_resolution(inputs: Sequence[AnyInput], resolution: int | None) -> tuple[AnyInput, ...]:
    """Inputs with the last two axes of each image, or clip of images, of another size."""
    if resolution is None:
        return tuple(inputs)

    def resized(spec: InputSpec) -> InputSpec:
        is_image = len(spec.shape) >= 3
        shape = (*spec.shape[:-2], resolution, resolution) if is_image else spec.shape
        return msgspec.structs.replace(spec, shape=shape)

    return mapped_specs(inputs, resized)


# -- as text -----------------------------------------------------------------------------------------------------------

_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
_VALUE = re.compile(r"\s*([A-Za-z_]\w*)?\s*:=")
_OPENING = {"[": ("list", "]"), "(": ("tuple", ")"), "{": ("dict", "}")}
_DEEPEST = 20


def parse_input(text: str) -> AnyInput:
    """One input as a user writes it; the module's documentation has the forms.

    >>> parse_input("3x224x224").shape, parse_input("ids=int64:128").name, parse_input("scale:=0.5").value
    ((3, 224, 224), 'ids', 0.5)

    Raises:
        InputError: The text is no input in any of the forms.
    """
    if text.lstrip().startswith("@"):
        return InputMaker(text.strip()[1:])
    value = _VALUE.match(text)
    if value is not None:
        return InputLiteral(_literal(text, text[value.end() :]), value[1] or "")
    named = _NAME.match(text)
    rest = text[named.end() :] if named else text
    made = _item(text, rest.strip(), has_batch=True, depth=0)
    return msgspec.structs.replace(made, name=named[1]) if named else made


def _literal(text: str, value: str) -> Any:
    try:
        return ast.literal_eval(value.strip())
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise InputError(
            f"{quoted(text)} is no input: after ':=' stands a Python literal, as in 'scale:=0.5'."
        ) from error


def _item(text: str, item: str, *, has_batch: bool, depth: int) -> AnyInput:
    """A tensor or a structure."""
    if depth > _DEEPEST:
        raise InputError(f"{quoted(text)} is no input: it is nested more than {_DEEPEST} deep.")
    if item.startswith(":="):
        return InputLiteral(_literal(text, item[2:]))
    kind, closing = _OPENING.get(item[:1], ("", ""))
    if not kind:
        return _tensor(text, item, has_batch=has_batch)
    if len(item) < 2 or item[-1] != closing:
        raise InputError(
            f"{quoted(text)} is no input: {quoted(item[0])} is not closed by {quoted(closing)} at the end."
        )
    parts = [part.strip() for part in _split(text, item[1:-1])]
    if kind == "dict":
        pairs = [_pair(text, part) for part in parts]
        keys = tuple(key for key, _ in pairs)
        if len(set(keys)) < len(keys):
            raise InputError(f"{quoted(text)} is no input: a key stands twice.")
        held = tuple(_item(text, value, has_batch=has_batch, depth=depth + 1) for _, value in pairs)
        return InputGroup("dict", held, keys)
    within = has_batch and kind != "list"
    held = tuple(_item(text, part, has_batch=within, depth=depth + 1) for part in parts)
    return InputGroup("list" if kind == "list" else "tuple", held)


def _pair(text: str, part: str) -> tuple[str, str]:
    key, colon, value = part.partition(":")
    if not colon or not key.strip():
        raise InputError(f"{quoted(text)} is no input: in braces stand keys, as in '{{image:3x224x224}}'.")
    return key.strip().strip("'\""), value.strip()


def _split(text: str, inner: str) -> list[str]:
    """What stands between the commas of a structure, the commas of inner structures left alone."""
    parts, depth = [""], 0
    for letter in inner:
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if parts[-1].strip() == "" and len(parts) > 1:
        parts.pop()  # a comma at the end, as Python allows
    if not all(part.strip() for part in parts):
        raise InputError(f"{quoted(text)} is no input: between two commas stands nothing.")
    return parts


_TENSOR = re.compile(
    r"(?:(?P<first>[A-Za-z]\w*):)?(?P<sizes>\d{1,9}(?:[x×,]\d{1,9})*)?(?::(?P<last>[A-Za-z]\w*))?(?:=(?P<fill>.+))?"
)


def _tensor(text: str, item: str, *, has_batch: bool) -> InputSpec:
    match = _TENSOR.fullmatch(item)
    if match is None or not any(match.group("first", "sizes", "last")) or all(match.group("first", "last")):
        raise _no_input(text)
    dtype = match["first"] or match["last"] or ""
    if dtype and dtype not in _ELEMENT_TYPES:
        raise InputError(f"{quoted(dtype)} in {quoted(text)} is none of {', '.join(_ELEMENT_TYPES)}.")
    shape = tuple(int(size) for size in re.split("[x×,]", match["sizes"] or "") if size)
    if 0 in shape:
        raise _no_input(text)
    return InputSpec(shape, dtype, "", _fill(text, match["fill"]), has_batch)


def _no_input(text: str) -> InputError:
    """What would be one: the plain forms, and the others for who tried one of them."""
    others = " Other forms: 'mask=bool:128', '[3x480x640]', '{image:3x224x224}'." if set(text) & set("=[({@") else ""
    return InputError(
        f"{quoted(text)} is no input: write its sizes without the batch as '3x224x224', or '128:int64'.{others}"
    )


def _fill(text: str, said: str | None) -> float | None:
    if said is None:
        return None
    try:
        return float(said)
    except ValueError as error:
        raise InputError(f"{quoted(text)} is no input: {quoted(said)} is no number to fill it with.") from error
