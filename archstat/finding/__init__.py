"""Which network: those within limits, those near another one, and those that no other one beats."""
