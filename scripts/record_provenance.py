"""Show what jobs recorded of themselves as a page: config, seeds, code, versions, machines, cost of each job."""

import argparse
import html
from pathlib import Path

from v1_files import command_line
from v1_files.files import whole_file
from v1_files.provenance import commit_text
from v1_files.reading import read_json

STYLE = """
body { font: 14px/1.45 sans-serif; margin: 2em; color: #222 } h1 { font-size: 1.4em } h2 { font-size: 1.1em }
table { border-collapse: collapse; margin-bottom: 1.5em } td, th { padding: 2px 12px 2px 0; text-align: left }
td, th { vertical-align: top; border-bottom: 1px solid #ddd } td.number, th.number { text-align: right }
td:first-child { white-space: nowrap } .digest { font-family: monospace }
"""


def read_record(path):
    """Record of a job, see :meth:`v1_files.provenance.Job.write`."""
    record = read_json(path)
    missing = [key for key in ("subject", "config", "code", "versions", "machine", "command") if key not in record]
    if missing:
        raise ValueError(f"{path}: lacks {', '.join(missing)}, expected the record of a job's provenance")
    for key in ("subject", "config", "code", "versions", "machine"):
        if not isinstance(record[key], dict):
            raise ValueError(f"{path}: {key}: found {str(record[key])[:40]}, expected keys and values")
    try:
        page("", [record])
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not the record of a job's provenance: {error!r}") from error
    return record


def flat(section, prefix=""):
    """Names and values of a config section, nested names joined by dots.

    >>> list(flat({"windows_ms": {"evoked": [500, 2500]}, "trials": 2}))
    [('windows_ms.evoked', [500, 2500]), ('trials', 2)]
    """
    for key, value in section.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def distinct(records, words):
    """What jobs have in common in words: one line if they agree, else one for each kind with the number of jobs."""
    counts = {}
    for record in records:
        counts[words(record)] = counts.get(words(record), 0) + 1
    if len(counts) == 1:
        return list(counts)
    return [f"{found} ({number} job{'s' if number > 1 else ''})" for found, number in counts.items()]


def version_rows(records):
    """Rows of code and packages."""
    rows = [("v1flow", distinct(records, lambda r: f"{r['code']['v1flow']}, {commit_text(r['code'])}"))]
    rows += [("host", distinct(records, lambda r: f"{r['machine']['host']}, {r['machine']['system']}"))]
    rows += [("processors", distinct(records, lambda r: str(r["machine"]["processors"])))]
    names = dict.fromkeys(name for record in records for name in record["versions"])
    return rows + [(name, distinct(records, lambda r, n=name: r["versions"].get(n) or "not known")) for name in names]


def config_rows(records):
    """Rows of the config, each section from all records that have it."""
    found = {}
    for record in records:
        for name, value in flat(record["config"]):
            found.setdefault(name, []).append(value)
    return [(name, list(dict.fromkeys(map(as_text, values)))) for name, values in found.items()]


def stream_rows(records):
    """Rows of seed and streams of random numbers."""
    found = {}
    for record in records:
        for purpose, ids in record.get("random_streams", {}).items():
            found.setdefault(f"stream ({', '.join(['seed', 'purpose', *ids])})", {})[purpose] = None
    seeds = dict.fromkeys(str(record["seed"]) for record in records if "seed" in record)
    return [("seed", list(seeds))] + [(name, [", ".join(purposes)]) for name, purposes in found.items()]


def input_rows(records):
    """Rows of the seed tables and edge files that jobs read."""
    files = {path: found for record in records for path, found in record.get("inputs", {}).items()}
    return [
        (path, found.get("sha256") or f"{found['size_bytes']:,} bytes of {found['modified']}")
        for path, found in files.items()
    ]


def job_rows(records):
    """Rows of the jobs: command, condition, begin, host, commit, run time, memory."""
    return [
        (
            record["command"][0],
            record["subject"].get("condition", ""),
            record["started"],
            record["machine"]["host"],
            commit_text(record["code"]),
            f"{record['run_time_s']:,.1f}",
            f"{record['largest_process_mb']:,.0f}",
        )
        for record in records
    ]


def as_text(value):
    """A value of the config in words."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def table(rows, header=(), numbers=(), style=""):
    """Rows as an HTML table; a cell with several lines is a list."""

    def cell(kind, column, content):
        lines = content if isinstance(content, list) else [content]
        name = "number" if column in numbers else style if column else ""
        return f'<{kind} class="{name}">{"<br>".join(html.escape(str(line)) for line in lines)}</{kind}>'

    lines = [("th", header)] if header else []
    lines += [("td", row) for row in rows]
    cells = ("".join(cell(kind, column, content) for column, content in enumerate(row)) for kind, row in lines)
    return "<table>\n" + "\n".join(f"<tr>{row}</tr>" for row in cells) + "\n</table>"


def page(title, records):
    """The page as HTML."""
    header = ("job", "condition", "begin (UTC)", "host", "code", "run time (s)", "largest process (MB)")
    parts = [
        ("Config", table(config_rows(records))),
        ("Seed and streams of random numbers", table(stream_rows(records))),
        ("Code, machines, versions", table(version_rows(records))),
        ("Inputs from outside, SHA-256", table(input_rows(records), style="digest")),
        ("Jobs", table(job_rows(records), header, numbers=(5, 6))),
    ]
    body = "\n".join(f"<h2>{html.escape(name)}</h2>\n{content}" for name, content in parts)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f"<!DOCTYPE html>\n<html><head>{head}</head>\n<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--title", required=True, help="title of the page")
    p.add_argument("--records", required=True, nargs="+", type=Path, metavar="FILE", help="records of jobs (JSON)")
    p.add_argument("--output", required=True, type=Path, help="page to write (HTML)")
    a = p.parse_args(argv)
    text = page(a.title, [read_record(path) for path in a.records])
    with whole_file(a.output) as part:
        part.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
