"""Every failure that archstat expects, one sentence each.

::

    ArchstatError
    ├── UnknownNameError      a name that no registry holds
    ├── SourceError           a network that could not be loaded or built
    ├── AbsentError           a SourceError: a network that a revision of git does not have
    ├── InputError            an input that the network cannot take
    ├── ForwardError          the network's own code failed while it ran
    ├── UncountedError        an op without a rule, under ``strict``, or whose rule fails
    ├── DataError             a file whose content does not hold together
    ├── MissingPackageError   a package that is not installed, and the extra that brings it
    ├── OutputError           a place that cannot be written
    └── UnsupportedTorchError a torch without a name that is needed

A message says what happened with the values, where, and what to do, in words that hold in Python. Which setting would
help is said a second time for programs, in ``helps``: the command line prints a message on one line, adds the option
that sets it, and exits with 2.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal


def first_line(error: BaseException) -> str:
    """The first line of what an error says, ``""`` if it says nothing; torch's go on for pages.

    >>> first_line(ValueError(" wrong "))
    'wrong'
    """
    return str(error).strip().split("\n", 1)[0]


QUOTED_MOST = 160


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters; the middle is left out, as both ends of a path tell most.

    >>> shortened("a/very/long/path/of/net.py", 20)
    'a/very/lon…of/net.py'
    """
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[len(text) - (most - half - 1) :]}"


def quoted(text: object) -> str:
    r"""What a user wrote, in quotes: what would steer a terminal is escaped, and a long text is shortened.

    >>> quoted("a\x1b[2J"), len(quoted("a" * 10**6))
    ("'a\\x1b[2J'", 162)
    """
    return repr(shortened(str(text), QUOTED_MOST))


Helps = Literal[
    "batch_size",
    "batch_sizes",
    "device",
    "energy",
    "inputs",
    "layers",
    "max_s",
    "measured",
    "over",
    "precision",
    "resolution",
    "source",
    "sequence",
    "sizes",
    "threads",
    "trusts_files",
]
"""The settings that an error can name as what would help: fields of settings, arguments of ``archstat``'s verbs."""


class ArchstatError(Exception):
    """A failure with a cause that the user can mend.

    Attributes:
        helps: The settings that would help, each with a value that will do, or with ``""`` where the value is for the
            user to choose: ``{"inputs": "3x224x224"}``.
    """

    def __init__(self, message: str = "", *, helps: Mapping[Helps, str] | None = None) -> None:
        """A failure that says what happened and what to do, and names the settings that would help."""
        super().__init__(message)
        self.helps = dict(helps or {})


class UnknownNameError(ArchstatError):
    """A name that no registry holds."""

    @classmethod
    def of(
        cls, what: str, name: str, known: Iterable[str], hint: str = "", helps: Mapping[Helps, str] | None = None
    ) -> "UnknownNameError":
        """The error for one unknown name, with the closest known names.

        Args:
            what: The kind of thing that was asked for, with its article: ``"architecture"``.
            name: The name as the user wrote it.
            known: Every name that would have been right.
            hint: A sentence on where to look further.
            helps: The settings that would help.
        """
        close = _closest(name[:QUOTED_MOST], list(known))
        guess = f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""
        return cls(f"No {what} is named {quoted(name)}.{guess}{' ' + hint if hint else ''}", helps=helps)


_SUGGESTED = 3


def _closest(name: str, known: list[str]) -> list[str]:
    """The known names that are most likely meant: the same but for case and hyphens, then longer ones, then like ones.

    >>> _closest("ResNet-50", ["resnet50", "resnet56"]), _closest("conv_5x5", ["conv1", "a.conv_5x5", "b.conv_5x5"])
    (['resnet50'], ['a.conv_5x5', 'b.conv_5x5'])
    """
    asked = _letters(name)
    if not asked:
        return []
    same = [each for each in known if _letters(each) == asked]
    if same:
        return same[:_SUGGESTED]
    begins = sorted((each for each in known if _letters(each).startswith(asked)), key=len)
    inside = [each for each in known if each.endswith(f".{name}")]
    if begins or inside:
        return list(dict.fromkeys((*begins, *inside)))[:_SUGGESTED]
    written = {each.lower(): each for each in reversed(known)}
    return [written[each] for each in difflib.get_close_matches(name.lower(), written, n=_SUGGESTED, cutoff=0.6)]


def _letters(name: str) -> str:
    """A name by its letters and digits alone."""
    return "".join(character for character in name.lower() if character.isalnum())


class SourceError(ArchstatError):
    """A network that could not be loaded or built."""


class AbsentError(SourceError):
    """A file, or a name in it, that did not exist yet, or no longer, at a revision of git."""


class InputError(ArchstatError):
    """An input that the network cannot take."""


class ForwardError(ArchstatError):
    """The network's own code failed while it ran; the original error is the ``__cause__``.

    Attributes:
        needs_values: Whether the failure is for want of values, which tensors on the meta device do not have.
    """

    needs_values = False


class UncountedError(ArchstatError):
    """An op without a rule, under ``strict``, or whose rule fails or cannot be loaded."""


class DataError(ArchstatError):
    """A file whose content does not hold together."""


EXTRAS = {
    "alembic": "store",
    "dask": "cluster",
    "distributed": "cluster",
    "itables": "report",
    "jinja2": "report",
    "kaleido": "images",
    "markupsafe": "report",
    "pandas": "frame",
    "plotly": "report",
    "psycopg": "postgresql",
    "py_mini_racer": "report",
    "pyarrow": "parquet",
    "sqlalchemy": "store",
}
"""What is imported only where it is needed → the extra of archstat that brings it."""


class MissingPackageError(ArchstatError):
    """What was asked for needs a package that is not installed."""

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> "MissingPackageError | None":
        """The error for a package that an extra of archstat brings; ``None`` if none does.

        Args:
            error: What the import raised.
        """
        package = (error.name or "").partition(".")[0]
        return cls.brought_by(EXTRAS[package], package) if package in EXTRAS else None

    @classmethod
    def brought_by(cls, extra: str, package: str) -> "MissingPackageError":
        """The error for a package that is not installed.

        Args:
            extra: The extra of archstat that brings the package.
            package: The name that the package is imported by.
        """
        return cls(f"This needs {package}, which is not installed: pip install 'archstat[{extra}]'.")


class OutputError(ArchstatError):
    """A place that cannot be written."""


class UnsupportedTorchError(ArchstatError):
    """The torch at hand has no such name, and something cannot be done without it."""
