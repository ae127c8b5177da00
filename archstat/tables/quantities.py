"""The quantities that networks and their layers are compared by, each declared once.

Tables, tiles, hovers and charts take from here what each is called, in which unit it is, and how it is shown. Elements
and bytes are never called alike: ``Activations`` are elements, ``Activation memory`` is bytes.
"""

from __future__ import annotations

import msgspec

from archstat import units
from archstat.language import message, say
from archstat.tables.columns import Column, Show, number


class Quantity(msgspec.Struct, frozen=True):
    """An amount that is counted.

    Attributes:
        key: The attribute of :class:`archstat.records.ModelCost`, and of rows; its name in CSV and JSON.
        english: The name of the quantity for people, in English.
        unit: ``"elements"``, ``"operations"`` or ``"bytes"``.
        english_about: What is counted, as the end of a sentence, in English.
        show: From an amount to text with as many digits as one reads.
        exact: From an amount to all of its digits; bytes keep their prefix.
    """

    key: str
    english: str
    unit: str
    english_about: str
    show: Show = units.compact
    exact: Show = units.exact

    @property
    def label(self) -> str:
        """The name of the quantity for people, in the language that is spoken."""
        return say(self.english)

    @property
    def about(self) -> str:
        """What is counted, as the end of a sentence, in the language that is spoken."""
        return say(self.english_about)

    def column(self, *, of: str = "", header: str = "", gives_way: int = 0) -> Column:
        """The column of the quantity; see :class:`archstat.tables.columns.Column` for when it gives way.

        Args:
            of: What tells it from another column of the quantity, at the end of its key; ``""``: nothing.
            header: The name of the column in English; ``""``: that of the quantity.
            gives_way: When the column is left out.
        """
        key, name = f"{self.key}_{of}" if of else self.key, header or self.english
        made = number(key, name, self.show, gives_way=gives_way)
        return msgspec.structs.replace(made, wraps=" " in self.english and " " in name)


PARAMETERS = Quantity("parameters", "Parameters", "elements", message("elements of all parameters, each once"))
MACS = Quantity(
    "macs", "MACs", "operations", message("multiply-accumulates of convolutions, linear layers and matrix products")
)
FLOPS = Quantity("flops", "FLOPs", "operations", message("2 · MACs and all other floating-point operations"))
ACTIVATIONS = Quantity("activations", "Activations", "elements", message("elements of every layer's own outputs"))
ACTIVATION_BYTES = Quantity(
    "activation_bytes",
    "Activation memory",
    "bytes",
    message("the size of every layer's own outputs"),
    units.data_size,
    units.data_size,
)
PEAK_ACTIVATION_BYTES = Quantity(
    "peak_activation_bytes",
    "Peak memory",
    "bytes",
    message("the most activation memory that is alive at once"),
    units.data_size,
    units.data_size,
)

OF_LAYERS = (PARAMETERS, MACS, ACTIVATION_BYTES)
"""What layers are compared by in charts."""

OF_NETWORKS = (*OF_LAYERS, PEAK_ACTIVATION_BYTES)
"""What networks are compared by in charts."""

EVERY_QUANTITY = (PARAMETERS, MACS, FLOPS, ACTIVATIONS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)
"""Every quantity of a network."""
