"""The engine NEST, run through BMTK."""
