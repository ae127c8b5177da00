"""What a claim is compared with: one number that can be worked out."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from archstat.claims.measured import MEASURED
from archstat.claims.rates import RATES
from archstat.claims.tallies import TALLIES
from archstat.errors import InputError, quoted
from archstat.networks.input_specs import parse_input
from archstat.networks.settings import COUNTED_IN, Setting
from archstat.quantities import QUANTITIES

OperandOrigin = Literal["counted", "measured", "published", "tallied", "sum"]


class Operand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number that can be worked out: a quantity that is counted, was measured or published, a tally, or a sum.

    Attributes:
        architecture: The network, as on the command line.
        layer: The path of a layer, a block or a stage in it, or what several look like; ``""``: the whole network.
        input: What goes in, if it is another input than the known one: ``"3x224x224"``, or a list of several.
        resolution: Height and width of its input, likewise.
        sequence: The length of its sequences, likewise.
        dtype: The element type of its parameters and inputs; ``""``: float32.
        batch_size: How many inputs at once; ``None``: one, or whatever was measured.
        quantity: What is stated: a key of :data:`archstat.quantities.QUANTITIES`, or of those that follow.
        convention: How the text counts it.
        measured: A file of measurements, by its path from the claims file: the quantity is one of
            :data:`archstat.claims.measured.MEASURED`.
        protocol: How an error rate was measured: the quantity is one of :data:`archstat.claims.rates.RATES`.
        claims: Another claims file, or several, by their paths from this one: the quantity is one of
            :data:`archstat.claims.tallies.TALLIES`.
        ids: What the ids of their claims look like that count; ``""``: all count.
        expression: A sum, as the text prints it.
    """

    architecture: str = ""
    layer: str = ""
    input: str | tuple[str, ...] = ""
    resolution: int | None = None
    batch_size: int | None = None
    sequence: int | None = None
    dtype: str = ""
    quantity: str = ""
    convention: str = ""
    measured: str = ""
    protocol: str = ""
    claims: str | tuple[str, ...] = ()
    ids: str = ""
    expression: str = ""

    @property
    def setting(self) -> Setting:
        """How the network is to be counted."""
        inputs = tuple(map(parse_input, self._inputs))
        batch_size = 1 if self.batch_size is None else self.batch_size
        return Setting(inputs, self.resolution, batch_size, self.dtype or "float32", sequence=self.sequence)

    @property
    def _inputs(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.input,))) if isinstance(self.input, str) else self.input

    @property
    def files(self) -> tuple[str, ...]:
        """The claims files that it counts in."""
        return (self.claims,) if isinstance(self.claims, str) else self.claims

    @property
    def origin(self) -> OperandOrigin:
        """Where the value of the operand comes from."""
        if self.claims:
            return "tallied"
        if self.measured or self.protocol:
            return "measured" if self.measured else "published"
        return "counted" if self.architecture else "sum"

    @property
    def basis(self) -> str:
        """The operand in words: ``"vgg16.fc6, parameters"``."""
        if self.origin == "sum":
            return self.expression
        if self.origin == "tallied":
            return f"{self.quantity} of {', '.join(self.files)}{f', ids {self.ids}' if self.ids else ''}"
        place = ".".join(filter(None, (self.architecture, self.layer)))
        given = ", ".join(self._inputs)
        size = f"at {self.resolution}×{self.resolution}" if self.resolution else given and f"at {given}"
        batch = f"batch {self.batch_size}" if self.batch_size is not None else ""
        sequence = f"sequences of {self.sequence}" if self.sequence is not None else ""
        file = f"in {self.measured}" if self.measured else ""
        how = (size, batch, sequence, self.dtype)
        return ", ".join(filter(None, (place, self.quantity, self.convention, *how, self.protocol, file)))

    def check(self) -> None:
        """Refuse what names nothing, or half of something.

        Raises:
            ValueError: The operand names nothing, or half of something.
        """
        kinds = {
            "measured": self._check_measured,
            "published": self._check_published,
            "tallied": self._check_tallied,
        }
        kinds.get(self.origin, self._check_counted)()
        if any(size is not None and size < 1 for size in (self.batch_size, self.resolution, self.sequence)):
            raise ValueError("'batch_size', 'resolution' and 'sequence' are whole numbers from 1 on")
        if self.dtype and self.dtype not in COUNTED_IN:
            raise ValueError(f"{quoted(self.dtype)} is none of the element types {', '.join(COUNTED_IN)}")
        try:
            _ = self.setting
        except InputError as error:
            raise ValueError(str(error).rstrip(".")) from error

    def _check_counted(self) -> None:
        if self.quantity in TALLIES:
            raise ValueError(f"{self.quantity!r} is no count of a network: name the files with 'claims'")
        if bool(self.architecture) != bool(self.quantity):
            raise ValueError("'architecture' and 'quantity' go together")
        if not self.architecture and not self.expression:
            raise ValueError("it names neither an 'architecture' and a 'quantity' nor an 'expression'")
        if not self.architecture and any(map(self.__getattribute__, _OF_NETWORKS)):
            raise ValueError(f"{', '.join(map(repr, _OF_NETWORKS))} need an 'architecture'")
        if self.ids:
            raise ValueError("'ids' needs 'claims'")
        if self.quantity in MEASURED:
            raise ValueError(f"{quoted(self.quantity)} is no count: name the file with 'measured'")
        if self.quantity in RATES:
            raise ValueError(f"{quoted(self.quantity)} is no count: say how it was measured with 'protocol'")
        if self.quantity and self.quantity not in QUANTITIES:
            raise ValueError(f"{quoted(self.quantity)} is none of the quantities {', '.join(QUANTITIES)}")

    def _check_measured(self) -> None:
        self._refuse("measured", "input", "resolution", "sequence", "dtype", "convention")
        self._refuse("measured", "protocol", "ids", "expression")
        if not self.measured.isprintable():
            raise ValueError(f"{quoted(self.measured)} is no path of a file")
        if self.quantity not in MEASURED:
            raise ValueError(f"{quoted(self.quantity)} is none of the measured quantities {', '.join(MEASURED)}")

    def _check_published(self) -> None:
        self._refuse("protocol", "layer", "input", "batch_size", "sequence", "dtype", "convention", "ids")
        if not self.architecture:
            raise ValueError("'protocol' needs an 'architecture'")
        if self.quantity not in RATES:
            raise ValueError(f"{quoted(self.quantity)} is none of the published quantities {', '.join(RATES)}")

    def _check_tallied(self) -> None:
        self._refuse("claims", *(field for field in Operand.__struct_fields__ if field not in _OF_TALLIES))
        if not all(file and file.isprintable() for file in self.files):
            raise ValueError("'claims' is the path of a claims file, or a list of such paths")
        if len(set(map(os.path.normpath, self.files))) < len(self.files):
            raise ValueError("'claims' names a file twice")
        if self.quantity not in TALLIES:
            raise ValueError(f"{self.quantity!r} is none of the quantities of claims {', '.join(TALLIES)}")

    def _refuse(self, key: str, *others: str) -> None:
        """Refuse keys that say nothing beside another one."""
        for other in others:
            if getattr(self, other) not in ("", None):
                raise ValueError(f"{other!r} does not go with {key!r}")


_OF_TALLIES = ("claims", "ids", "quantity")
_OF_NETWORKS = ("layer", "input", "resolution", "sequence", "dtype", "convention")
