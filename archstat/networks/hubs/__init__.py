"""One file is one library of networks: :data:`archstat.networks.hub.HUBS` finds them here."""
