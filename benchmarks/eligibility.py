"""Scores the reading of criteria lines against gold, times it, and samples it for reading.

    make bench-criteria [GOLD=FILE]                                    score and time with the wheel, compiled
    python benchmarks/eligibility.py [--gold FILE] [--predicted OUT]   score and time with what is installed
    python benchmarks/eligibility.py --chia ZIP                        out-of-domain check
    python benchmarks/eligibility.py --corpus FOLDER [--sample N]      share of computable lines, N to read

The numbers of a machine mean little; the ratio to a bare `re` probe of the same lines in the same run does.
"""

import argparse
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fhir_trial.eligibility import Constraint, Criterion, Reading, Terms, constraints, parse, reader
from fhir_trial.eligibility.numerals import mixed_time, values
from fhir_trial.eligibility.quantities import levels_between
from fhir_trial.eligibility.vocabulary import squeezed, vocabulary

_SHARED = Path(__file__).resolve().parents[2] / "shared"
_GOLD = _SHARED / "gold" / "lct_dev_constraints.jsonl"
_CORPUS = _SHARED / "corpus" / "ctgov_v2"
_PROBE = re.compile(
    r"(?:age|aged|bmi|ecog|weight|platelets?|h[ae]emoglobin|creatinine|hba1c|life expectancy"
    r"|blood pressure)\D{0,30}?"
    r"(?:≥|≤|>|<|at least|less than|more than)?\s*(\d+(?:\.\d+)?)(?:\s*(?:-|to)\s*(\d+(?:\.\d+)?))?\s*(\S+)?"
    r"|(\d+)\s*(?:-|to)?\s*(\d+)?\s*years?",
    re.IGNORECASE,
)
_CLASSES = {
    "age": ("age",),
    "BMI": ("bmi",),
    "ECOG, KPS, ASA, NYHA": ("ecog", "who-ps", "performance-status", "karnofsky", "lansky", "asa", "nyha"),
    "blood pressure": ("sbp", "dbp", "bp", "map"),
    "haemoglobin": ("hemoglobin",),
    "creatinine": ("creatinine",),
    "eGFR, CrCl": ("egfr", "creatinine-clearance"),
    "platelets, ANC": ("platelets", "neutrophils", "wbc"),
    "HbA1c": ("hba1c",),
    "liver tests": ("alt", "ast", "transaminases", "bilirubin", "alp", "ggt"),
    "life expectancy": ("life-expectancy",),
}


Tuple = tuple[str, float]
"""Operator and value."""


def main() -> int:
    """Run what the arguments ask for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--gold", type=Path, default=_GOLD)
    arguments.add_argument("--predicted", type=Path)
    arguments.add_argument("--chia", type=Path)
    arguments.add_argument("--corpus", type=Path)
    arguments.add_argument("--sample", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--show", type=int, default=0, help="wrong and missed limits to print")
    options = arguments.parse_args()
    wanted = options.corpus or options.chia or options.gold
    if not wanted.exists():
        print(f"benchmarks/eligibility.py: {wanted} is not there; name it with an option", file=sys.stderr)
        return 2
    if options.corpus:
        survey(options.corpus, options.sample, options.seed)
    elif options.chia:
        chia(options.chia, options.show)
    else:
        score(options.gold, options.predicted, options.show)
    return 0


def score(gold_file: Path, predicted: Path | None, show: int) -> None:
    """Write the predictions for a gold file, score them by class, and time the reading."""
    gold = [json.loads(line) for line in gold_file.read_text("utf-8").splitlines() if line.strip()]
    readings = [constraints(row["text"]) for row in gold]
    rows = [
        {"doc": row["doc"], "line": row["line"], "constraints": predictions(reading)}
        for row, reading in zip(gold, readings, strict=True)
    ]
    written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        target = predicted or Path(folder) / "predicted.jsonl"
        target.write_text(written, "utf-8")
        scorer = gold_file.parent / "score.py"
        if scorer.exists():
            subprocess.run(
                [sys.executable, str(scorer), str(gold_file), str(target), f"--show={show}"], check=True
            )
    by_class(gold, rows)
    with_units(gold, rows)
    shares = Counter(reading.status for reading in readings)
    print("  ".join(f"{status} {count / len(readings):.1%}" for status, count in shares.most_common()))
    speed([row["text"] for row in gold])


def predictions(reading: Reading) -> list[dict[str, Any]]:
    """The limits of a reading as the scorer wants them: one entry a bound."""
    known = vocabulary().variables
    return [
        {
            "variable": constraint.variable,
            "aliases": known[constraint.variable].aliases,
            "operator": operator,
            "value": value,
            "unit": constraint.multiple_of or constraint.unit,
            "unitText": constraint.unit_text,
        }
        for constraint in reading.constraints
        for operator, value in as_in_gold(constraint)
    ]


def as_in_gold(constraint: Constraint) -> list[Tuple]:
    """The bounds of a limit in the shape that the README of the gold describes.

    There, numbers without a comparison are a range if they are two, and each a value of its own if they are
    more: "0, 1 or 2" is read as 0 to 2, which says the same. A number in two units ("23 weeks 4 days", read
    in days) is reduced to its first, as powers and multiples are.
    """
    bounds = [bound for bound in constraint.bounds if bound.literal]
    if constraint.rule.endswith(".list") and len(bounds) == 2:
        low, high = (bound.value for bound in bounds)
        levels = levels_between(low, high, vocabulary().variables[constraint.variable])
        if len(levels) > 2:
            return [("eq", float(level)) for level in levels]
    if any(mixed_time(bound.literal.lower()) is not None for bound in bounds):
        return [(bound.operator, float(_FIRST_NUMBER.findall(bound.literal)[0])) for bound in bounds]
    return [(bound.operator, float(bound.value)) for bound in bounds]


_FIRST_NUMBER = re.compile(r"\d+(?=[0-6]\s?/\s?7)(?<=\d\d)|\d+")


def by_class(gold: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Precision and recall of each class of variables, and recall over what the tables know."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, answer in zip(gold, rows, strict=True):
        wanted = _gold_tuples(row)
        for name, variable, limit in _predicted_tuples(answer):
            counts[name]["predicted"] += 1
            fitting = next((w for w in wanted if w[1] == limit and _fits(variable, w[0])), None)
            if fitting is not None:
                wanted.remove(fitting)
                counts[name]["right"] += 1
                counts[name]["gold"] += 1
        for gold_name, _ in wanted:
            counts[_class_of(_variable_of(gold_name))]["gold"] += 1
    for name in [*_CLASSES, "other variables", "not in the tables"]:
        right, predicted, total = (counts[name][part] for part in ("right", "predicted", "gold"))
        print(
            f"{name:22} P={right / predicted if predicted else 0:.3f} R={right / total if total else 0:.3f}"
            f"  right {right}, predicted {predicted}, gold {total}"
        )
    commonest(gold, rows)
    known = [counts[name] for name in counts if name not in ("age", "not in the tables")]
    right, total = sum(count["right"] for count in known), sum(count["gold"] for count in known)
    print(f"observations of variables in the tables: R={right / max(total, 1):.3f} ({right} of {total})")


def with_units(gold: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Precision and recall of limits with their units: right only if the unit is too."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, answer in zip(gold, rows, strict=True):
        wanted = {
            (name, limit): item["units"]
            for item in row["constraints"]
            for name, limit in _gold_tuples({"constraints": [item]})
        }
        for name, _ in wanted:
            counts["Age" if name == "age" else "Observation"]["gold"] += 1
        items = {
            (item["variable"], (item["operator"], item["value"])): item for item in answer["constraints"]
        }
        for (variable, limit), item in items.items():
            count = counts["Age" if variable == "age" else "Observation"]
            count["predicted"] += 1
            fitting = next((w for w in wanted if w[1] == limit and _fits(variable, w[0])), None)
            if fitting is not None:
                count["limit"] += 1
                count["right"] += _same_unit(item, wanted.pop(fitting))
    for kind, count in sorted(counts.items()):
        right, predicted, total = count["right"], count["predicted"], count["gold"]
        print(
            f"{kind} with unit: P={right / max(predicted, 1):.3f} R={right / max(total, 1):.3f}"
            f"  unit right in {right} of {count['limit']} right limits"
        )


def _same_unit(item: dict[str, Any], written: list[str]) -> bool:
    """Whether a unit is the one that was annotated, of which the gold often has the numerator only."""
    words = [squeezed(word.lower()) for word in written if word.strip()]
    if not words or item["unit"] == "{score}":  # none annotated, or a word for points ("class")
        return True
    if item["unit"] in ("ULN", "LLN"):
        return any("normal" in word or "ln" in word or word in ("x", "times", "×") for word in words)
    known = vocabulary().units_by_alias
    text = squeezed(item["unitText"].lower())
    return any(
        text.startswith(word) or item["unit"] in {unit.ucum for unit in known.get(word, ())} for word in words
    )


def commonest(gold: list[dict[str, Any]], rows: list[dict[str, Any]], wanted: int = 25) -> None:
    """Recall over the variables of the tables that the gold names most."""
    total, right = Counter[str](), Counter[str]()
    for row, answer in zip(gold, rows, strict=True):
        predicted = [(variable, limit) for _, variable, limit in _predicted_tuples(answer)]
        for name, limit in _gold_tuples(row):
            variable = _variable_of(name)
            if variable is not None and variable != "age":
                total[variable] += 1
                right[variable] += any(limit == other and _fits(v, name) for v, other in predicted)
    names = [name for name, _ in total.most_common(wanted)]
    found, all_of = sum(right[name] for name in names), sum(total[name] for name in names)
    print(f"the {wanted} commonest variables: R={found / max(all_of, 1):.3f} ({found} of {all_of})")
    print("   " + ", ".join(f"{name} {right[name]}/{total[name]}" for name in names))


def _gold_tuples(row: dict[str, Any]) -> list[tuple[str, Tuple]]:
    return sorted(
        {
            ("age" if item["kind"] == "Age" else item["name"].lower(), (operator, float(value)))
            for item in row["constraints"]
            for operator, value in item["bounds"]
        }
    )


def _predicted_tuples(answer: dict[str, Any]) -> Iterator[tuple[str, str, Tuple]]:
    seen = set()
    for item in answer["constraints"]:
        key = (item["variable"], (item["operator"], item["value"]))
        if key not in seen:
            seen.add(key)
            yield _class_of(item["variable"]), *key


def _fits(variable: str, gold_name: str) -> bool:
    if (variable == "age") != (gold_name == "age"):
        return False
    names = (variable, *vocabulary().variables[variable].aliases)
    return any(name in gold_name or gold_name in name for name in names)


def _variable_of(gold_name: str) -> str | None:
    if gold_name == "age":
        return "age"
    for variable in vocabulary().variables.values():
        if variable.id != "age" and gold_name in variable.aliases:
            return variable.id
    return None


def _class_of(variable: str | None) -> str:
    if variable is None:
        return "not in the tables"
    return next((name for name, members in _CLASSES.items() if variable in members), "other variables")


def speed(lines: list[str]) -> None:
    """Lines a second of reader and splitter, and their ratio to a bare expression that finds all it can."""
    text = "\n".join(f"* {line}" for line in lines)
    probe = _fastest(lambda: [_PROBE.findall(line) for line in lines])
    reading = _fastest(lambda: [constraints(line) for line in lines])
    splitting = _fastest(lambda: parse(text))
    how = "plain Python" if str(reader.__file__).endswith(".py") else "compiled"
    print(f"{len(lines):,} lines, {how}")
    for name, seconds in (("reading", reading), ("splitting", splitting), ("bare probe", probe)):
        print(f"{name:10} {len(lines) / seconds:10,.0f} lines/s, {seconds / probe:.2f} x a bare probe")
    twice = _fastest(lambda: parse(f"{text}\n{text}"))
    print(f"twice the text takes {twice / splitting:.2f} x the time to split")


def _fastest(work: Callable[[], object], runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        reader.forget()  # every line of a run is met for the first time
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def survey(folder: Path, sample: int, seed: int) -> None:
    """How much of the criteria of real records is understood, and lines of it to read."""
    read = [
        (path.stem, criterion, constraints(criterion.text, section=criterion.section, mesh_terms=terms))
        for path, criterion, terms in criteria(folder)
    ]
    shares = Counter(reading.status for _, _, reading in read)
    print(
        f"{len(read)} criteria: "
        + ", ".join(f"{status} {n / len(read):.1%}" for status, n in shares.most_common())
    )
    computable = [item for item in read if item[2].status == "computable"]
    for name, criterion, reading in random.Random(seed).sample(computable, min(sample, len(computable))):
        print(f"{name} {criterion.path}: {criterion.text}")
        for constraint in reading.constraints:
            print(
                f"      {described(constraint)}" + ("" if reading.join == "all-of" else f"  [{reading.join}]")
            )


def described(constraint: Any) -> str:
    """A limit in one line."""
    bounds = f" {'or' if constraint.join == 'any-of' else 'and'} ".join(
        f"{bound.operator} {bound.value}" for bound in constraint.bounds
    )
    parts = [
        constraint.variable,
        bounds or ",".join(constraint.codes),
        constraint.unit or "",
        constraint.multiple_of or "",
    ]
    parts += ["not" if constraint.negated else "", f"({constraint.window.text})" if constraint.window else ""]
    return " ".join(part for part in parts if part)


def criteria(folder: Path) -> Iterator[tuple[Path, Criterion, Terms]]:
    """Every criterion of the records of a folder, with the record's own MeSH terms."""
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_bytes())
        browsed = record.get("derivedSection", {}).get("conditionBrowseModule", {})
        terms = {mesh["term"]: mesh["id"] for mesh in browsed.get("meshes", [])}
        for leaf in browsed.get("browseLeaves", []):  # the wording in which the registry found a term
            if leaf.get("asFound") and leaf["name"] in terms:
                terms.setdefault(leaf["asFound"], terms[leaf["name"]])
        prepared = Terms(terms)
        module = record.get("protocolSection", {}).get("eligibilityModule", {})
        for criterion in parse(module.get("eligibilityCriteria", "")).walk():
            yield path, criterion, prepared


def chia(archive: Path, show: int) -> None:
    """Chia joins a measurement or person to a value: how many of these the reader finds, by line."""
    found = Counter[str]()
    for text, pairs in _chia_lines(archive):
        bounds = {
            bound.value
            for constraint in constraints(text).constraints
            for bound in constraint.bounds
            if bound.literal
        }
        wanted = {
            value
            for _, words in pairs
            for literal in re.findall(r"\d[\d.,]*\d|\d", words)
            for value in values(literal)[:1]
        }
        found["predicted"] += len(bounds)
        found["right"] += len(bounds & wanted)
        found["gold"] += len(wanted)
        if bounds - wanted and found["shown"] < show:
            found["shown"] += 1
            print(sorted(bounds - wanted), "|", text, "|", pairs)
    precision, recall = found["right"] / max(found["predicted"], 1), found["right"] / max(found["gold"], 1)
    print(f"Chia, (line, value): P={precision:.3f} R={recall:.3f} ({dict(found)})")


def _chia_lines(archive: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if name.endswith(".txt"):
                text = files.read(name).decode("utf-8")
                pairs = _pairs(files.read(name.removesuffix(".txt") + ".ann").decode("utf-8"))
                position = 0
                for line in io.StringIO(text):
                    inside = [(a, b) for at, a, b in pairs if position <= at < position + len(line)]
                    yield line.strip(), inside
                    position += len(line)


def _pairs(annotations: str) -> list[tuple[int, str, str]]:
    """Offset of the value, words of what has it, words of the value."""
    spans: dict[str, tuple[int, str]] = {}
    joined = []
    for line in annotations.splitlines():
        columns = line.split("\t")
        if line.startswith("T"):
            spans[columns[0]] = (int(columns[1].split()[1]), columns[2])
        elif line.startswith("R") and columns[1].startswith("Has_value"):
            joined.append([part.split(":")[1] for part in columns[1].split()[1:3]])
    return [(spans[b][0], spans[a][1], spans[b][1]) for a, b in joined if a in spans and b in spans]


if __name__ == "__main__":
    sys.exit(main())
