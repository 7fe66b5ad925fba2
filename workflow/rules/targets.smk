"""Figures by name: what the networks and options under `make` in the config allow."""

for figure in figure_names(PANELS):

    rule:
        """Make the panels of one figure, and say which are left out and why."""
        name:
            figure
        input:
            lambda wildcards, figure=figure: panels([figure]),


rule figures:
    """Make the panels of all figures, and say which are left out and why."""
    input:
        lambda wildcards: panels(figure_names(PANELS)),
