"""How a network is counted, as a user wrote it: what files keep, so that it can be counted so again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from archstat.errors import InputError, quoted
from archstat.networks.input_specs import parse_input
from archstat.networks.settings import Setting

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class WrittenSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How a network is counted, in texts and numbers; what is as by default is not written.

    Attributes:
        input: What goes in, each as a user writes it: ``"3x224x224"``; none: the input that the network is made for.
        resolution: Height and width of the images, if they are others.
        sequence: The length of the sequences, if it is another.
        test_size: Images have the size that the network is tested with.
        batch_size: How many inputs at once.
        dtype: The element type of parameters and inputs.
        strict: Refuse ops that no rule covers.
    """

    input: tuple[str, ...] = ()
    resolution: _AtLeastOne | None = None
    sequence: _AtLeastOne | None = None
    test_size: bool = False
    batch_size: _AtLeastOne = 1
    dtype: Literal["float32", "float16", "bfloat16", "float64"] = "float32"
    strict: bool = False

    @property
    def setting(self) -> Setting:
        """How the network is to be counted.

        Raises:
            InputError: An input is none.
        """
        return Setting(
            tuple(map(parse_input, self.input)),
            resolution=self.resolution,
            sequence=self.sequence,
            is_test_size=self.test_size,
            batch_size=self.batch_size,
            dtype=self.dtype,
            strict=self.strict,
        )


def setting_by_name(keywords: Mapping[str, Any]) -> Setting | None:
    """The setting that keywords of a call say, named as those of a :class:`WrittenSetting`.

    Args:
        keywords: What was handed over by name.

    Returns:
        ``None`` where there is another name among them, or an input that is no text: they are for ``forward`` then.

    Raises:
        InputError: A setting has no such value.

    >>> setting_by_name({"batch_size": 8}).batch_size, setting_by_name({"mask": 8})
    (8, None)
    """
    given = dict(keywords)
    if isinstance(given.get("input"), str):
        given["input"] = (given["input"],)
    texts = given.get("input", ())
    is_of_texts = isinstance(texts, tuple | list) and all(isinstance(each, str) for each in texts)
    if not is_of_texts or not set(given) <= set(WrittenSetting.__struct_fields__):
        return None
    try:
        return msgspec.convert(given, WrittenSetting).setting
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        name = place.strip("`$.").partition("[")[0]
        raise InputError(f"{name} cannot be {quoted(given[name])}: {reason[0].lower()}{reason[1:]}.") from error


def written_as(*, inputs: tuple[str, ...], is_test_size: bool, **rest: Any) -> dict[str, Any]:
    """The fields of a :class:`WrittenSetting`, from what a command is given.

    Args:
        inputs: The inputs as texts.
        is_test_size: Images have the size that the network is tested with.
        rest: What has the same name in both.
    """
    return {"input": inputs, "test_size": is_test_size, **rest}
