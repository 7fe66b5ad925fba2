"""Cells: nodes and types, how they are grouped, cohorts and node sets."""
