"""Metrics: functions from spikes, rates or weights to tables."""
