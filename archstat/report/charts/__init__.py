"""One function is one chart, one file a subject: :data:`archstat.report.chart.CHARTS` finds them here."""
