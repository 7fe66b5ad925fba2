"""SONATA files: edges, spikes, and how nodes and edges are written."""
