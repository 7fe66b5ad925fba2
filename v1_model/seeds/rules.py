"""Rules over several columns or tables of the seed tables.

A table that could not be read, or lacks the columns a rule needs, is passed over: its own fault is noted already. Rows
of populations that the workbook leaves out are passed over too.
"""

from v1_model.seeds.schema import schema, suggestion

EXTERNAL = "exc"
TWO_SUBFIELDS = {"sONsOFF_001": ("sOFF_TF4", "sON_TF4"), "sONtOFF_001": ("tOFF_TF8", "sON_TF4")}
_ORDERED = [
    ("populations", "depth_top_um", "depth_bottom_um", "above"),
    ("layers", "depth_top_um", "depth_bottom_um", "above"),
    ("cell_models", "E_L_mV", "V_th_mV", "above"),
    ("cell_models", "V_reset_mV", "V_th_mV", "above"),
    ("lgn_models", "min_size_deg", "max_size_deg", "at least"),
]
_LISTED = 5


def check(tables):
    """Note the faults between columns and between tables.

    Parameters
    ----------
    tables : dict of str to seed_files.Table
        Every table that the builder reads; faults are added to them.
    """
    for table in tables.values():
        _references(table, tables)
    for name, low, high, relation in _ORDERED:
        _order(tables[name], low, high, relation)
    names = present_names(tables)
    for rule in (_cell_types, _layers, _models, _pairs, _connection_classes, _external_input):
        rule(tables, names)
    _filters(tables["lgn_models"], tables["lgn_temporal_filters"])


def present_names(tables):
    """Rows of the naming scheme by population, for the populations of the workbook, in its order."""
    scheme = {row["pop_name"]: row for row in tables["cell_type_naming_scheme"].rows or []}
    return {name: scheme[name] for name in tables["populations"].column("population") if name in scheme}


def excluded(tables):
    """Specimens of the exclude list."""
    return set(tables["exclude_list"].column("specimen_id"))


def _references(table, tables):
    """Names and specimens occur in the table that defines them."""
    for column, rule in table.rule["columns"].items():
        other, _, defining = rule.get("refers_to", ".").partition(".")
        if not other or not tables[other].knows(defining):
            continue
        known = {*tables[other].column(defining), *rule.get("or", [])}
        where = f"a {defining} of {tables[other].rule['file']}"
        for row in table.rows or []:
            value = row[column]
            if value is not None and value not in known:
                table.fault(repr(value), where + suggestion(value, known), row=row.number, column=column)


def _order(table, low, high, relation):
    """One column lies above another."""
    for row in table.rows or []:
        if None in (row[low], row[high]):
            continue
        if row[high] < row[low] or (relation == "above" and row[high] == row[low]):
            table.fault(f"{row[high]:g}", f"a number {relation} the {low} of {row[low]:g}", row=row.number, column=high)


def _cell_types(tables, names):
    """Populations agree with the naming scheme, and those of one cell type with each other."""
    for row in tables["populations"].rows or []:
        name = names.get(row["population"])
        if not name:
            continue
        if row["ei"] and name["ei"] and row["ei"] != name["ei"]:
            expected = f"'{name['ei']}' as in cell_type_naming_scheme.csv, line {name.number}"
            tables["populations"].fault(repr(row["ei"]), expected, row=row.number, column="ei")
        if row["location"] and name["layer"] and not row["location"].startswith(f"VisL{name['layer']}"):
            expected = f"layer {name['layer']} as in cell_type_naming_scheme.csv, line {name.number}"
            tables["populations"].fault(repr(row["location"]), expected, row=row.number, column="location")
    first = {}
    for name in names.values():
        leader = first.setdefault(name["cell_type"], name)
        for column in ("ei", "cell_type_synaptic"):
            if name["cell_type"] and None not in (name[column], leader[column]) and name[column] != leader[column]:
                expected = f"'{leader[column]}' as in line {leader.number}, of the same cell type {name['cell_type']}"
                tables["cell_type_naming_scheme"].fault(repr(name[column]), expected, row=name.number, column=column)


def _layers(tables, names):
    """Each population's layer is in the sheet of layers."""
    needed = dict.fromkeys(f"L{name['layer']}" for name in names.values() if name["layer"])
    _require(tables["layers"], ["layer"], needed)


def _models(tables, names):
    """Each population has a cell model that is not excluded, each such model a background weight."""
    models = tables["cell_models"]
    if not models.knows("specimen_id", "population"):
        return
    kept = [row for row in models.rows if row["specimen_id"] not in excluded(tables)]
    every, left = models.column("population"), {row["population"] for row in kept}
    for row in tables["populations"].rows or []:
        name = row["population"]
        if name in names and name not in left:
            expected = "one cell model of it at least in cell_models.csv"
            found = f"{name}, all of whose {every.count(name)} cell models are in exclude_list.csv"
            found = found if name in every else f"{name}, which has no cell model"
            tables["populations"].fault(found, expected, row=row.number, column="population")
    needed = [row["specimen_id"] for row in kept if row["population"] in names and row["specimen_id"]]
    _require(tables["background_fitted"], ["specimen_id"], needed)


def _pairs(tables, names):
    """Each pair of populations, cell types, synaptic types and E/I has its row."""
    kinds = {
        "connection_probability": "cell_type",
        "psp_class_by_population": "pop_name",
        "synapse_kinetics": "cell_type_synaptic",
        "connection_sigma": "ei",
        "orientation_ratio": "ei",
    }
    for table, kind in kinds.items():
        values = list(dict.fromkeys(name[kind] for name in names.values() if name[kind]))
        sources = [EXTERNAL, *values] if table == "synapse_kinetics" else values
        _require(tables[table], ["pre", "post"], [(pre, post) for post in values for pre in sources])
    types = {name["cell_type_synaptic"] for name in names.values()}
    for row in tables["synapse_kinetics"].rows or []:
        recurrent = row["pre"] in types and row["post"] in types
        if recurrent and _empty(tables["synapse_kinetics"], row, "latency_ms"):
            expected = f"a number above 0, for only the delays of {EXTERNAL} are part of the model"
            tables["synapse_kinetics"].fault("an empty cell", expected, row=row.number, column="latency_ms")


def _connection_classes(tables, names):
    """The connection class of each pair of populations has a lognormal."""
    classes, statistics = tables["psp_class_by_population"], tables["psp_statistics"]
    by_class = {row["connection_class"]: row for row in statistics.rows or []}
    for row in classes.rows or []:
        used = by_class.get(row["connection_class"])
        if row["pre"] not in names or row["post"] not in names or not used:
            continue
        for column in ("lognormal_shape_90th_percentile", "lognormal_scale_mV_90th_percentile"):
            if _empty(statistics, used, column):
                expected = f"a class whose {column} is not empty (psp_statistics.csv, line {used.number})"
                classes.fault(f"'{row['connection_class']}'", expected, row=row.number, column="connection_class")


def _external_input(tables, names):
    """Each population has its input from the LGN and the background, by its own synaptic type."""
    for table in (tables["lgn_to_v1"], tables["background"]):
        _require(table, ["population"], names)
        for row in table.rows or []:
            name = names.get(row["population"])
            expected = name and name["cell_type_synaptic"] and f"{EXTERNAL}_to_{name['cell_type_synaptic']}"
            if expected and row["synapse"] and row["synapse"] != expected:
                table.fault(repr(row["synapse"]), f"'{expected}'", row=row.number, column="synapse")


def _filters(models, filters):
    """Each LGN class has its temporal filter, those with two subfields the filters of both."""
    needed = [part for model in models.column("model_id") for part in TWO_SUBFIELDS.get(model, (model,))]
    _require(filters, ["model_id"], needed)
    families = [model.split("_")[0] for model in models.column("model_id") if model not in TWO_SUBFIELDS]
    for family in dict.fromkeys(families):
        # The preference for a temporal frequency is shared out over the family, and undefined for one class alone.
        if families.count(family) == 1:
            models.fault(f"one class of {family}", "two classes of a family at least, or none", column="model_id")


def _empty(table, row, column):
    """Whether a cell is empty, not faulty, in a column that is there."""
    return table.knows(column) and row[column] is None and (row.number, column) not in table.faulty


def _require(table, key, needed):
    """Rows of these keys exist; one fault for all that are missing."""
    if not table.knows(*key) or (not table.rows and not schema()[table.name].get("may_be_empty")):
        return
    there = {row[key[0]] if len(key) == 1 else tuple(row[column] for column in key) for row in table.rows}
    missing = [value for value in dict.fromkeys(needed) if value not in there]
    if not missing:
        return
    names = [str(value) if len(key) == 1 else " → ".join(value) for value in missing]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    hint = suggestion(names[0], there.difference(needed)) if len(key) == 1 else ""
    found = f"no row for {', '.join(names[:_LISTED])}{more}"
    table.fault(found, f"one row for {'each' if len(names) > 1 else 'it'}{hint}", column=", ".join(key))
