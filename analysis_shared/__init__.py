"""Metrics, statistics, grouping and plot style: pure functions on spikes, rates and tables."""
