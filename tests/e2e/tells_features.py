"""Reads a written suite of incidents, and turns what an agent is shown first into named numbers. Nothing here knows the
fields of an observation, except that `known_services` lists the names of parts: a number becomes a number, a list
also its length, and a text becomes words, pairs of words, and the numbers and clock times that it holds."""

import json
import pathlib
import re

# The kinds of alert with the words of their titles, tried in this order.
KINDS = {
    "absence": r"absen|missing|no data|silen|heartbeat|overdue|stopped|has not|no longer|stale",
    "latency": r"latency|response time|slow|\bp\d\d|percentile",
    "saturation": r"saturat|usage|utili|memory|cpu|disk|volume|storage|pool|connections|queue|backlog|\blag|quota|full",
    "errors": r"error|fail|burn|budget|availability",
}
TOKEN = re.compile(
    r"(?P<clock>(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d)"
    r"|(?P<number>(?<![\w-])\d+(?:\.\d+)?(?=[a-zA-Z%]{0,3}(?![\w-])))"
    r"|(?P<word>[A-Za-z][\w-]*|%)"
)
DAY = 24 * 60


class Incident:
    """An incident has what is shown of it, its sealed truth, and the features of the first observation."""

    def __init__(self, shown, sealed):
        self.task, self.system, self.truth = sealed["task"], sealed["system"], sealed["truth"]
        self.observation = shown["observation"]
        self.services = self.observation["known_services"]
        fault, second = self.truth["fault"], self.truth.get("second")
        self.faults = [each for each in (fault, second) if each]
        self.families = [each["mechanism"] for each in self.faults]
        self.roots = [each["root"] for each in self.faults]
        self.triggers = [each for each in (self.truth["trigger"], (second or {}).get("trigger")) if each]
        self.severity, self.alerted = self.truth["severity"], self.truth["alerted"]
        reader = Reader(self.services)
        reader.read(self.observation, "")
        self.features, self.mentions, self.fields = reader.done(), reader.mentions, reader.fields
        words = self.observation["alert"]["title"].split()
        self.title = " ".join("…" if word in reader.names else word for word in words)
        self.kind = kind_of(self.title)
        # The kind of the rule and the resource that it watches are features of their own.
        self.features[f"rule of {self.kind}"] = self.features[f"title '{self.title}'"] = 1


def kind_of(title):
    """Returns the kind of an alert by the words of its title."""
    return next((kind for kind, words in KINDS.items() if re.search(words, title, re.IGNORECASE)), "unknown")


def read_suite(folder):
    """Reads the incidents of a folder that `bench generate` wrote, in the order of its listing."""
    folder = pathlib.Path(folder)
    entries = json.loads((folder / "sealed" / "listing.json").read_text())["incidents"]
    pairs = [(folder / f"{entry['id']}.json", folder / "sealed" / f"{entry['id']}.json") for entry in entries]
    return [Incident(json.loads(shown.read_text()), json.loads(sealed.read_text())) for shown, sealed in pairs]


class Reader:
    """A reader collects the features of a JSON value. Names of parts become numbered places in the order in which they are
    first mentioned, so that a model sees whether two texts speak of one part; the pieces of a name, such as the `db` of
    `orders-db`, are words of their own."""

    def __init__(self, names):
        self.names, self.mentions, self.fields = set(names), {}, {}
        self.features, self.numbers, self.clocks = {}, {}, []

    def read(self, value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                self.read(inner, f"{path}.{key}")
        elif isinstance(value, list):
            self.features[f"{path} length"] = len(value)
            for inner in value:
                self.read(inner, f"{path}[]")
        elif isinstance(value, str):
            self.text(value, path)
        elif value is not None:
            self.numbers.setdefault(path, []).append(float(value))

    def text(self, text, path):
        if path == ".known_services[]":
            self.pieces(text, path)
            return
        words, numbers = [], []
        for token in TOKEN.finditer(text):
            word = token[0].lower()
            if token.lastgroup == "clock":
                self.clocks.append(sum(int(part) * unit for part, unit in zip(word.split(":"), (60, 1), strict=True)))
                word = "<clock>"
            elif token.lastgroup == "number":
                numbers.append((len(words), float(word)))
                word = "<number>"
            elif token[0] in self.names:
                word = f"<part {self.mentions.setdefault(token[0], len(self.mentions))}>"
                self.fields.setdefault(token[0], set()).add(path)
                self.pieces(token[0], f"{path} {word}")
            words.append(word)
        for at, number in numbers:
            around = " … ".join(" ".join(words[max(0, start):max(0, end)]) for start, end in ((at - 1, at), (at + 1, at + 2)))
            self.numbers.setdefault(f"{path} {around}", []).append(number)
        for word in words:
            self.count(f"{path} '{word}'")
        for pair in zip(words, words[1:], strict=False):
            self.count(f"{path} '{' '.join(pair)}'")

    def pieces(self, name, path):
        for piece in re.split(r"[^a-z]+", name.lower()):
            self.count(f"{path} ~{piece}")

    def count(self, feature):
        self.features[feature] = self.features.get(feature, 0) + 1

    def done(self):
        for path, numbers in self.numbers.items():
            self.features[path] = numbers[0]
            if len(numbers) > 1:
                self.features[f"{path} least"], self.features[f"{path} most"] = min(numbers), max(numbers)
        for number, clock in enumerate(self.clocks):
            self.features[f"clock {number}"] = clock
            if number:
                self.features[f"clock 0 less clock {number}"] = (self.clocks[0] - clock) % DAY
        return self.features


def candidates(incident):
    """Returns each visible part as a candidate for the root, with what its name and the mentions of it say."""
    alerted = incident.observation["alert"].get("affected_services", [])
    rows = []
    for at, name in enumerate(incident.services):
        row = {"alerted": alerted.index(name) + 1 if name in alerted else 0, "place": at / len(incident.services)}
        row["mentioned"] = incident.mentions.get(name, -1) + 1
        row |= {f"mentioned at {field}": 1 for field in incident.fields.get(name, ())}
        for piece in re.split(r"[^a-z]+", name.lower()):
            row[f"~{piece}"] = row[f"{'alerted' if name in alerted else 'other'} ~{piece}"] = 1
        rows.append((name, row))
    return rows


def feed(incident):
    """Returns each change of the feed as a candidate for the trigger, with what the whole feed says of it."""
    changes = sorted(incident.system["changes"], key=lambda change: change["minutes_ago"])
    kinds = {part["name"]: part["kind"] for part in incident.system["parts"]}
    ages = [change["minutes_ago"] for change in changes]
    rows = []
    for at, change in enumerate(changes):
        reader = Reader([])
        reader.read({key: value for key, value in change.items() if key not in ("id", "at")}, "")
        row = reader.done()
        row["digits"] = float("".join(re.findall(r"\d", str(change["id"])))[:9] or 0)
        row[f"at {kinds.get(change['at'])}"] = row[f"{change.get('kind')} at {kinds.get(change['at'])}"] = 1
        row["rank"], row["of"], row["of a day"] = at, len(changes), sum(age <= DAY for age in ages)
        row["age to newer"] = ages[at] - ages[at - 1] if at else -1
        row["age to older"] = ages[at + 1] - ages[at] if at + 1 < len(ages) else -1
        row["age mod 5"], row["age mod 60"] = ages[at] % 5, ages[at] % 60
        for key in ("at", "kind"):
            alike = [other["minutes_ago"] for other in changes if other.get(key) == change.get(key)]
            row[f"rank of its {key}"], row[f"number of its {key}"] = alike.index(ages[at]), len(alike)
        for piece in re.split(r"[^a-z]+", change["at"].lower()):
            row[f"~{piece}"] = 1
        rows.append((change["id"], row))
    return rows
