"""What drives V1: responses of the LGN to a stimulus, its spikes, and the background's."""
