#!/usr/bin/env python3
"""Measures how much of the truth of generated incidents can be told without an investigation, and whether the incidents
are balanced. It trains gradient boosting on what the released binary writes; half is held out, and each half in turn.

    tests/e2e/tells.sh [--count 2000] [--seed 1] [--gate] [--one-column NAME]

It prints Markdown tables, and below them each figure that is beyond its limit with the features that told. With --gate it
then ends with 1. With fewer than 2,000 incidents a level a figure may be beyond its limit by two standard errors."""

import argparse
import collections
import dataclasses
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from tells_features import DAY, candidates, feed, read_suite
from tells_models import Trial, classify, halves, rank

LEVELS = ["easy", "medium", "hard", "expert"]
SUITES = ["smoke", "lite", "full"]
SEVERITIES = ["P1", "P2", "P3", "P4"]
TASKS = ["alert_classification", "root_cause_analysis", "remediation_planning"]
FAMILIES = 22
# Families of one severity by nature come up half as often: in one, stored data comes apart; in two, users lose nothing.
BY_NATURE = {"split_brain", "consumer_deadlock", "poison_message"}
# The faults that an alert leaves open, two to the power of their entropy, by level.
LEFT_OPEN = {"easy": 8, "medium": 15, "hard": 25, "expert": 40}
FAMILY_BY_KIND = {"errors": 0.18, "latency": 0.22, "absence": 0.35, "saturation": 0.45}
# What the answer P1 is worth by the right severity: the published rubric.
ALWAYS_P1 = {"P1": 1.0, "P2": 0.3, "P3": 0.0, "P4": 0.0}
# From this many incidents a level on a limit is a limit; below, two standard errors are allowed beyond it.
WHOLE = 2000
# A kind of alert, or a resource, with fewer pages than this has no figure.
FEWEST = 30


@dataclasses.dataclass
class Figure:
    """A measured figure has a value, its standard error, and a limit where it is more than a report."""

    value: float | str | None
    limit: float | None = None
    error: float = 0.0
    at_least: bool = False
    told_by: Callable[[], str] | str = ""

    def fails(self, count):
        if self.limit is None or self.value is None:
            return False
        allowed = 0.0 if count >= WHOLE else 2 * self.error
        beyond = self.limit - self.value if self.at_least else self.value - self.limit
        return beyond > allowed + 1e-9

    def cell(self):
        if self.value is None:
            return "–"
        return self.value if isinstance(self.value, str) else shortly(self.value)


def shortly(value):
    if float(value).is_integer() and value > 1:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) > 1 else f"{value:.3f}"


def binomial(share, count):
    return (max(share * (1 - share), 1e-4) / max(count, 1)) ** 0.5


# ---- tells ----


def family(faults, seed, found):
    guessed, told = classify(faults, lambda each: each.families, seed)
    right = {id(each): guess in each.families for each, guess in guessed}
    found["family named"] = Figure(float(np.mean(list(right.values()))), 0.25, binomial(0.25, len(faults)), told_by=told)
    for kind, limit in FAMILY_BY_KIND.items():
        of_kind = [right[id(each)] for each in faults if each.kind == kind]
        value = float(np.mean(of_kind)) if len(of_kind) >= FEWEST else None
        found[f"… where the alert is of {kind}"] = Figure(value, limit, binomial(limit, len(of_kind)))
    common = collections.Counter(family for each in faults for family in each.families).most_common(1)[0][0]
    found["… by the commonest family"] = Figure(float(np.mean([common in each.families for each in faults])))


def pages(incidents, faults, found):
    kinds = collections.Counter(each.kind for each in incidents)
    found["pages of errors, latency, absence, saturation"] = Figure(", ".join(str(kinds[kind]) for kind in FAMILY_BY_KIND))
    rest = (kinds["absence"] + kinds["saturation"]) / len(incidents)
    found["pages of absence or saturation"] = Figure(rest, 0.25, binomial(0.25, len(incidents)))
    found["pages of no known kind"] = Figure(kinds["unknown"] / len(incidents), 0.0)
    if kinds["unknown"]:
        found["pages of no known kind"].told_by = next(each.title for each in incidents if each.kind == "unknown")
    by_resource = collections.defaultdict(list)
    for each in faults:
        if each.kind == "saturation":
            by_resource[each.title].append(each)
    common = [group for group in by_resource.values() if len(group) >= FEWEST]
    families = [len({family for each in group for family in each.families}) for group in common]
    victims = [float(np.mean([each.alerted not in each.roots for each in group])) for group in common]
    found["fewest families of a saturated resource"] = Figure(min(families, default=None), 3, at_least=True)
    fewest = min((len(group) for group in common), default=1)
    found["least share of its pages from a victim"] = Figure(
        min(victims, default=None), 1 / 3, binomial(1 / 3, fewest), at_least=True)
    absent = [each.alerted not in each.roots for each in faults if each.kind == "absence"]
    value = float(np.mean(absent)) if len(absent) >= FEWEST else None
    found["share of pages of absence from a victim"] = Figure(value, 1 / 3, binomial(1 / 3, len(absent)), at_least=True)


def left_open(faults, level, found):
    least = min(2 ** (each.truth["proof"]["entropy"] / 1024) for each in faults)
    found["fewest faults that the alert leaves open"] = Figure(least)
    # The entropy is rounded to 1024ths of a bit.
    found["… over those that the level asks for"] = Figure(least / LEFT_OPEN[level], 0.999, at_least=True)


def root(faults, seed, found):
    contexts = [lambda each: each.alerted in each.roots, lambda each: each.families[0]]
    best, told = rank(faults, candidates, lambda each: each.roots, contexts, seed)
    named = np.array([name in each.roots for each, name in best])
    alerted = np.array([each.alerted in each.roots for each, _ in best])
    error = float(np.sum(named != alerted)) ** 0.5 / len(best)
    found["root is alerted"] = Figure(float(alerted.mean()))
    found["root named, beyond those that are alerted"] = Figure(float(named.mean() - alerted.mean()), 0.03, error, told_by=told)


def control(incidents, seed, found):
    areas, told = [], []
    for train, test in halves(incidents, seed):
        truth = [not each.faults for each in test]
        rows, others = [each.features for each in train], [each.features for each in test]
        trial = Trial(rows, [not each.faults for each in train], others, 60)

        def worth(model, matrix, truth=truth):
            return roc_auc_score(truth, model.predict_proba(matrix)[:, 1])

        areas.append(worth(trial.model, trial.held_out))
        told.append(lambda trial=trial, worth=worth: trial.told_by(worth))
    without = sum(not each.faults for each in incidents)
    error = ((len(incidents) + 1) / (12 * without * (len(incidents) - without))) ** 0.5
    found["no incident, area under the curve"] = Figure(float(np.mean(areas)), 0.56, error, told_by=told[0])


def trigger(faults, seed, found):
    faults = [each for each in faults if each.triggers]
    best, told = rank(faults, feed, lambda each: each.triggers, [], seed)
    named = float(np.mean([name in each.triggers for each, name in best]))
    drawn = float(np.mean([chance(each) for each in faults]))
    found["trigger named from the change feed alone"] = Figure(named)
    found["… by a draw among the changes of 24 hours"] = Figure(drawn)
    found["… times as often as by the draw"] = Figure(named / drawn, 2.0, binomial(named, len(faults)) / drawn, told_by=told)


def chance(each):
    """Returns how likely a draw among the changes of the last 24 hours names a trigger."""
    recent = [change["id"] for change in each.system["changes"] if change["minutes_ago"] <= DAY]
    return sum(change in each.triggers for change in recent) / max(len(recent), 1)


def severity(incidents, seed, found):
    guessed, _ = classify(incidents, lambda each: [each.severity], seed)
    found["severity named"] = Figure(float(np.mean([guess == each.severity for each, guess in guessed])))


# ---- balance ----


def families_balance(faults, found):
    named = [family for each in faults for family in each.families]
    counts, total = collections.Counter(named), len(named)
    weights = FAMILIES - len(BY_NATURE) / 2
    even = {family: (0.5 if family in BY_NATURE else 1) / weights for family in counts}
    ratios = {family: counts[family] / total / even[family] for family in counts}
    least, most = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    found["families that come up"] = Figure(len(counts), FAMILIES, at_least=True)
    rarest, rare = (0.0, "some never come up") if len(counts) < FAMILIES else (ratios[least], least)
    error = binomial(even[least] / 2, total) / even[least]
    found["rarest family, over its even share"] = Figure(rarest, 0.5, error, at_least=True, told_by=rare)
    error = binomial(even[most] * 2, total) / even[most]
    found["commonest family, over its even share"] = Figure(ratios[most], 2.0, error, told_by=most)
    shares = np.array(list(counts.values())) / total
    bits = float(-np.sum(shares * np.log2(shares)))
    spread = float(np.sum(shares * np.log2(shares) ** 2) - bits**2)
    error = 2**bits * (np.log(2) * (spread / total) ** 0.5 + (len(counts) - 1) / (2 * total))
    found["effective number of families"] = Figure(2**bits, 18.0, error, at_least=True)


def severity_and_family(faults, found):
    pairs = [(each.severity, each.families[0]) for each in faults]
    names = sorted({family for _, family in pairs})
    table = np.array([[pairs.count((severity, family)) for family in names] for severity in SEVERITIES], float)
    table = table[table.sum(1) > 0]
    total = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / total
    phi = ((table - expected) ** 2 / expected).sum() / total
    # The bias correction of Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T".
    rows, columns = table.shape
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    rows, columns = (size - (size - 1) ** 2 / (total - 1) for size in (rows, columns))
    v = (phi / (min(rows, columns) - 1)) ** 0.5
    found["severity × family, Cramér's V"] = Figure(float(v), 0.30, 1 / (3 * total) ** 0.5)
    given = table / table.sum(1, keepdims=True)
    at, family = np.unravel_index(np.argmax(given), given.shape)
    error = binomial(0.15, table.sum(1)[at])
    found["likeliest family of a severity"] = Figure(
        float(given.max()), 0.15, error, told_by=f"{names[family]} is {given.max():.2f} of {SEVERITIES[at]}")


def always_p1(incidents, tolerant):
    worth = [ALWAYS_P1[each.severity] for each in incidents if each.task == TASKS[0]]
    return Figure(float(np.mean(worth)), 0.40, float(np.std(worth)) / len(worth) ** 0.5 if tolerant else 0.0)


def share_lines(faults):
    """Says what the faults of a level are made of: the kinds of their roots and triggers, and how far the root is."""
    def kind_of_root(each):
        return next((part["kind"] for part in each.system["parts"] if part["name"] == each.roots[0]), "unknown")

    def kind_of_trigger(each):
        return next((change["kind"] for change in each.system["changes"] if change["id"] in each.triggers), "none")

    parts = {"root": kind_of_root, "trigger": kind_of_trigger, "hops": lambda each: each.truth["proof"]["hops"]}
    for name, of in parts.items():
        counts = collections.Counter(map(of, faults))
        order = sorted(counts) if name == "hops" else [key for key, _ in counts.most_common()]
        yield name, ", ".join(f"{key} {counts[key] / len(faults):.2f}" for key in order)


def design(incidents, found):
    """Compares a suite with the one design: each severity comes up alike in each task, and one incident in ten has no fault."""
    cells = collections.Counter((each.task, each.severity) for each in incidents)
    counts = [cells[cell] for cell in itertools.product(TASKS, SEVERITIES)]
    even = len(incidents) / len(counts)
    found["incidents"] = Figure(str(len(incidents)))
    found["fewest and most of a task and severity"] = Figure(f"{min(counts)} to {max(counts)}")
    found["… furthest from even, as a share of even"] = Figure(max(abs(count - even) for count in counts) / even, 0.10)
    controls = sum(not each.faults for each in incidents) / len(incidents)
    found["incidents without a fault"] = Figure(controls)
    found["… how far from one in ten"] = Figure(abs(controls - 0.10), 0.05)
    found["always P1"] = always_p1(incidents, tolerant=False)


# ---- the run ----


def measured(incidents, level, seed):
    """Returns what is told of a level, how it is balanced, and what its faults are made of."""
    faults, tells, balance = [each for each in incidents if each.faults], {}, {}
    family(faults, seed, tells)
    pages(incidents, faults, tells)
    left_open(faults, level, tells)
    root(faults, seed, tells)
    control(incidents, seed, tells)
    trigger(faults, seed, tells)
    severity(incidents, seed, tells)
    families_balance(faults, balance)
    severity_and_family(faults, balance)
    balance["always P1"] = always_p1(incidents, tolerant=True)
    return tells, balance, list(share_lines(faults))


def generated(bench, folder, level, seed, count=None):
    command = [bench, "generate", "--level", level, "--seed", str(seed), "-o", str(folder / level)]
    made = subprocess.run(command + (["--count", str(count)] if count else []), capture_output=True, text=True, check=False)
    if made.returncode:
        sys.exit(f"tells.py: `{' '.join(command)}` ended with {made.returncode}: {made.stderr.strip()}")
    return read_suite(folder / level)


def table(title, columns, one_column):
    names = list(columns)
    heads = [one_column] if one_column else names
    title = f"{title}: {'; '.join(names)}" if one_column else title
    print(f"\n| {title} | Limit |" + "".join(f" {head} |" for head in heads) + "\n|---|--:|" + "--:|" * len(heads))
    for row in next(iter(columns.values())):
        figures = [columns[name][row] for name in names]
        limit = figures[0].limit
        bound = "" if limit is None else f"{'≥' if figures[0].at_least else '≤'} {shortly(limit)}"
        cells = [figure.cell() for figure in figures]
        cells = ["; ".join(cells)] if one_column else cells
        print(f"| {row} | {bound} | {' | '.join(cells)} |")


def failures(columns, count):
    for name, figures in columns.items():
        for row, figure in figures.items():
            if figure.fails(count):
                sign = "<" if figure.at_least else ">"
                why = figure.told_by() if callable(figure.told_by) else figure.told_by
                why = f" ({why})" if why else ""
                yield f"{name}: {row}: {figure.cell()} {sign} {shortly(figure.limit)}{why}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=os.environ.get("BENCH", "target/release/bench"))
    parser.add_argument("--count", type=int, default=WHOLE, help="incidents a level")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gate", action="store_true", help="end with 1 where a limit is broken")
    parser.add_argument("--one-column", metavar="NAME", help="put the columns of each table into one of this name")
    arguments = parser.parse_args()
    bench, seed = os.path.abspath(arguments.bench), arguments.seed
    tells, balance, shares, designs = {}, {}, {}, {}
    for level in LEVELS + SUITES:
        with tempfile.TemporaryDirectory() as folder:
            count = arguments.count if level in LEVELS else None
            incidents = generated(bench, pathlib.Path(folder), level, seed, count)
        if level in LEVELS:
            tells[level], balance[level], shares[level] = measured(incidents, level, seed)
        else:
            designs[level] = {}
            design(incidents, designs[level])
        print(f"  measured {len(incidents)} incidents of {level}", file=sys.stderr)
    table("Told by the first observation", tells, arguments.one_column)
    table("Balance", balance, arguments.one_column)
    table("Suites", designs, arguments.one_column)
    print("\n| Level | Of what | Shares of the faults |\n|---|---|---|")
    for level, lines in shares.items():
        for name, line in lines:
            print(f"| {level} | {name} | {line} |")
    broken = [line for columns in (tells, balance) for line in failures(columns, arguments.count)]
    broken += failures(designs, WHOLE)
    print(f"\n{len(broken)} figures are beyond their limits." + "".join(f"\n- {line}" for line in broken))
    if broken and arguments.gate:
        sys.exit(1)


if __name__ == "__main__":
    main()
