"""The first store: results with their costs, measurements with their environments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTS = (
    *("parameters", "trainable_parameters", "buffers", "macs", "flops"),
    *("activations", "activation_bytes", "peak_activation_bytes"),
)


def upgrade() -> None:
    """Make the tables and their indices."""
    _make_results()
    _make_measurements()
    for column in ("network", "source", "macs", "parameters"):
        op.create_index(f"results_by_{column}", "results", [column])
    for column in ("network", "task"):
        op.create_index(f"measurements_by_{column}", "measurements", [column])


def _make_results() -> None:
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("setting", sa.Text, nullable=False),
        sa.Column("archstat", sa.String(64), nullable=False),
        sa.Column("torch", sa.String(64), nullable=False),
        sa.Column("library", sa.Text, nullable=False),
        sa.Column("failure_kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("elapsed_s", sa.Float, nullable=False),
        sa.Column("batch_size", sa.BigInteger),
        sa.Column("input_shapes", sa.Text, nullable=False),
        sa.Column("dtype", sa.String(32), nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in _COUNTS),
        sa.Column("is_lower_bound", sa.Boolean),
    )
    op.create_table(
        "costs",
        sa.Column("result_id", sa.Integer, sa.ForeignKey("results.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def _make_measurements() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "measurements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("precision", sa.String(16), nullable=False),
        sa.Column("batch_size", sa.BigInteger, nullable=False),
        sa.Column("threads", sa.Integer),
        sa.Column("latency_s", sa.Float),
        sa.Column("throughput", sa.Float),
        sa.Column("energy_j", sa.Float),
        sa.Column("peak_bytes", sa.BigInteger),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("task", sa.String(32), nullable=False),
        sa.Column("environment_id", sa.Integer, sa.ForeignKey("environments.id"), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
