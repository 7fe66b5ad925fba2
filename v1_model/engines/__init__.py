"""Simulation: configs, their checks, trials, forks, finished trials; one folder an engine."""
