"""What is refused before anything is planned: names that collide, and targets that no rule makes."""

import logging
from difflib import get_close_matches

from config_paradigms import NAMED
from target_names import collisions, nearest_target, reserved_names

# Values of the wildcards that stand for names of the config.
VARIANT_NAMES = (*OPTIONS, *(f"{option}__{perturbation}" for option in OPTIONS for perturbation in PERTURBATIONS))
NAMES = {
    "network": tuple(NETWORKS),
    "pool": tuple(POOLS),
    "option": tuple(OPTIONS),
    "options": tuple(OPTIONS),
    "variant": VARIANT_NAMES,
    "variants": VARIANT_NAMES,
    "perturbation": tuple(PERTURBATIONS),
    "group": tuple(PERTURBATION_GROUPS),
    "paradigm": tuple(PARADIGMS),
    "condition": tuple(dict.fromkeys(name for names in CONDITIONS.values() for name in names)),
}
OTHERWISE = "README.md says which targets there are, `snakemake --list-target-rules` names those without a path."
PRODUCTS = [(rule.name, str(pattern)) for rule in workflow.rules for pattern in rule.output]


def name_collisions():
    """Lines about names in the config that meet in the results."""
    logs = [str(path) for rule in workflow.rules for path in [*rule.log, *filter(None, [rule.benchmark])]]
    reserved = reserved_names(PRODUCTS, logs)
    faults = [
        f"networks.{name}: the results have a folder of that name; choose another" for name in POOLS if name in reserved
    ]
    # Options collide in the same way under every perturbation.
    variants = (*OPTIONS, *(f"{next(iter(OPTIONS))}__{perturbation}" for perturbation in PERTURBATIONS))
    return faults + collisions(PRODUCTS, {**NAMES, "variant": variants, "variants": variants})


def producible(path):
    """Whether a rule makes a file."""
    return any(rule.is_producer(path) for rule in workflow.rules)


def meant(target):
    """What to say about a target that no rule makes."""
    path = os.path.relpath(target)
    for name, part in NAMED.items():
        if name not in PARADIGMS and any(folder.startswith(part) for folder in Path(path).parts[1:]):
            return f"It needs the paradigm {name}, which is missing under paradigms in the config."
    if "/" not in path:
        near = get_close_matches(path, [rule.name for rule in workflow.rules], n=1)
        return f"Did you mean the rule {near[0]}?" if near else OTHERWISE
    inside = path.removeprefix("results/")
    near = inside if producible(inside) else nearest_target(inside, PRODUCTS, NAMES)
    return f"Did you mean {near}? (Paths are those below results/.)" if near else OTHERWISE


class Explained(logging.Filter):
    """Adds to Snakemake's words about an unknown target what may have been meant, and drops where our own errors arose.

    Targets are known only after the rules have been read, and no handler of Snakemake's is called for errors in them.
    """

    def filter(self, record):
        kind, text = getattr(record, "exception", ""), str(record.msg)
        unknown = re.search(r"No rule to produce (.+?)(?= \(|\.?$)", text)
        if kind == "MissingRuleException" and unknown:
            record.msg = f"{text.rstrip()}\n{meant(unknown[1])}"
        elif kind == "InputFunctionException" and "WorkflowError:" in text:
            record.msg = text.partition("\nTraceback:")[0]
        return True


if faults := name_collisions():
    raise WorkflowError("Names in the config collide:\n" + "\n".join(f"  {fault}" for fault in faults))

logger.addFilter(Explained())
