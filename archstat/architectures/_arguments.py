"""The kinds of arguments that architectures take; a value that is not of its kind is refused with a sentence."""

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=1)]
"""A whole number of something: classes, groups, a reduction ratio."""

Multiplier = Annotated[float, Meta(gt=0, le=100)]
"""What the width or the depth of a network is multiplied by; a larger one is a slip, and takes forever."""

Probability = Annotated[float, Meta(ge=0, le=1)]
"""Of dropping a value while training; it changes no count."""
