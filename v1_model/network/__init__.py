"""The network: nodes, connections, weights, synapses, and the builder that writes them."""
