"""Seed tables: reading, their schema, their checks."""
