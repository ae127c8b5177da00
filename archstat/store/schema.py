"""The tables of a store. A change here needs a migration in ``migrations/versions/``: a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

RESULTS = Table(
    "results",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("network", Text, nullable=False),
    Column("source", String(32), nullable=False),
    Column("setting", Text, nullable=False),
    Column("archstat", String(64), nullable=False),
    Column("torch", String(64), nullable=False),
    Column("library", Text, nullable=False),
    Column("failure_kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("elapsed_s", Float, nullable=False),
    Column("batch_size", BigInteger),
    Column("input_shapes", Text, nullable=False),
    Column("dtype", String(32), nullable=False),
    Column("parameters", BigInteger),
    Column("trainable_parameters", BigInteger),
    Column("buffers", BigInteger),
    Column("macs", BigInteger),
    Column("flops", BigInteger),
    Column("activations", BigInteger),
    Column("activation_bytes", BigInteger),
    Column("peak_activation_bytes", BigInteger),
    Column("is_lower_bound", Boolean),
)
"""One row: a network in a setting, counted by certain versions of the programs, or why it could not be."""

COSTS = Table(
    "costs",
    METADATA,
    Column("result_id", Integer, ForeignKey("results.id", ondelete="CASCADE"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The whole cost, packed: beside the totals and not among them, so that a listing reads a hundredth of the file."""

ENVIRONMENTS = Table(
    "environments",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
)
"""What measurements were made in, each once."""

MEASUREMENTS = Table(
    "measurements",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("network", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("precision", String(16), nullable=False),
    Column("batch_size", BigInteger, nullable=False),
    Column("threads", Integer),
    Column("latency_s", Float),
    Column("throughput", Float),
    Column("energy_j", Float),
    Column("peak_bytes", BigInteger),
    Column("started", String(32), nullable=False),
    Column("task", String(32), nullable=False),
    Column("environment_id", Integer, ForeignKey("environments.id"), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""One row: a network, measured once under one set of conditions."""

INDICES = (
    Index("results_by_network", RESULTS.c.network),
    Index("results_by_source", RESULTS.c.source),
    Index("results_by_macs", RESULTS.c.macs),
    Index("results_by_parameters", RESULTS.c.parameters),
    Index("measurements_by_network", MEASUREMENTS.c.network),
    Index("measurements_by_task", MEASUREMENTS.c.task),
)
