"""How options and variants are called in figures and captions."""

OPTION_LABELS = (
    ("bio_trained", "Trained"),
    ("plain", "Untrained"),
    ("adjusted", "Adjusted"),
    ("naive", "Naive"),
)


def option_label(option):
    """Display label of a network option; an option without one is shown by its name.

    Examples
    --------
    >>> option_label("plain"), option_label("bio_free")
    ('Untrained', 'bio_free')
    """
    return dict(OPTION_LABELS).get(option, option)


def variant_label(variant):
    """Display label of a variant: its option's, with the perturbation where there is one.

    Examples
    --------
    >>> variant_label("plain"), variant_label("plain__exc_high_outgoing")
    ('Untrained', 'Untrained, exc_high_outgoing')
    """
    option, _, perturbation = variant.partition("__")
    return ", ".join(filter(None, [option_label(option), perturbation]))
