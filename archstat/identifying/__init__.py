"""Where a printed number comes from: which network, input, quantity and way to count print so.

``asked.py`` reads the number, ``meant_networks.py`` lists the networks and inputs that may be meant,
``hypotheses.py`` all that each of them comes to, and
``search.py`` ranks what matches. Nothing here needs torch: whoever asks says where costs
come from.
"""

from archstat.identifying.asked import Asked, asked
from archstat.identifying.origins import Identification, Origin
from archstat.identifying.search import identify, identify_named

__all__ = ["Asked", "Identification", "Origin", "asked", "identify", "identify_named"]
