"""What everybody stands on: files written whole, reading with clear errors, SONATA, random streams, provenance."""
