"""Gradient boosting for tells.py: a model is trained on one half of the incidents and asked about the other, and each
half is in turn the one that is held out."""

import collections
import itertools
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import f_classif

MOST_FEATURES = 60
# How the names of features begin that a candidate has from its incident.
AROUND = "around: "


class Columns:
    """The columns of a matrix are chosen on the half that is trained on. A constant, a copy of another column, and what
    fewer than one row in a hundred has are left out; those that differ most between the labels come first."""

    def __init__(self, rows, labels, most=MOST_FEATURES):
        seen = collections.Counter(itertools.chain.from_iterable(rows))
        names = [name for name, count in seen.items() if count >= max(5, len(rows) / 100)]
        self.names = names
        matrix = self.of(rows)
        _, first = np.unique(np.nan_to_num(matrix, nan=-1), axis=1, return_index=True)
        varied = np.isnan(matrix).any(0) | (np.nanmin(matrix, 0) < np.nanmax(matrix, 0))
        kept = [at for at in sorted(first) if varied[at]]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # A column that tells the labels apart without an error is endlessly strong.
            warnings.simplefilter("ignore", UserWarning)
            strength = np.nan_to_num(f_classif(np.nan_to_num(matrix[:, kept], nan=-1), labels)[0])
        ordered = [names[kept[at]] for at in np.argsort(-strength, kind="stable")]
        # What surrounds a candidate is the same for its rivals, so alone it tells nothing.
        self.names = ordered[:most] + [name for name in ordered[most:] if name.startswith(AROUND)]

    def of(self, rows):
        place = {name: at for at, name in enumerate(self.names)}
        matrix = np.full((len(rows), len(self.names)), np.nan)
        for number, row in enumerate(rows):
            for name, value in row.items():
                if name in place:
                    matrix[number, place[name]] = value
        return matrix


def booster(rounds):
    return HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=3, l2_regularization=1.0, max_features=0.5,
        early_stopping=False, random_state=0)


def halves(incidents, seed):
    """Returns both ways to train on one half of the incidents and to hold out the other."""
    order = np.random.default_rng(seed).permutation(len(incidents))
    one, other = ([incidents[at] for at in sorted(half)] for half in np.array_split(order, 2))
    return [(one, other), (other, one)]


class Trial:
    """A trial is a model that was trained on one half, with the other half in the same columns."""

    def __init__(self, rows, labels, others, rounds):
        self.columns, self.labels = Columns(rows, labels), labels
        self.trained, self.held_out = self.columns.of(rows), self.columns.of(others)
        self.model = booster(rounds).fit(self.trained, labels)

    def told_by(self, worth):
        """Names the three features that tell most if a model has only one feature; the eight that differ most are tried."""
        alone = []
        for at in range(min(8, len(self.columns.names))):
            model = booster(15).fit(self.trained[:, [at]], self.labels)
            alone.append((worth(model, self.held_out[:, [at]]), self.columns.names[at].strip()))
        return ", ".join(f"`{name}` alone {value:.2f}" for value, name in sorted(alone, reverse=True)[:3])


def classify(incidents, labels_of, seed):
    """Returns each incident with its predicted label, and a function that says which features told it. An incident that
    has two labels is trained on twice, and either label is right."""
    guessed, told = [], []
    for train, test in halves(incidents, seed):
        pairs = [(each.features, label) for each in train for label in labels_of(each)]
        trial = Trial([row for row, _ in pairs], [label for _, label in pairs], [each.features for each in test], 40)

        def worth(model, matrix, test=test):
            return np.mean([guess in labels_of(each) for each, guess in zip(test, model.predict(matrix), strict=True)])

        guessed += zip(test, trial.model.predict(trial.held_out), strict=True)
        told.append(lambda trial=trial, worth=worth: trial.told_by(worth))
    return guessed, told[0]


def rank(incidents, candidates_of, right_of, contexts, seed):
    """Returns each incident with the candidate that the model finds likeliest, and a function that says which features
    told it. One model judges all candidates. A context is a label of an incident; for each context the model also sees
    the twenty features of the first observation that differ most between the values of the label. The model is trained
    on at most ten wrong candidates of an incident."""
    best, told, draw = [], [], np.random.default_rng(seed)
    for train, test in halves(incidents, seed):
        around = {id(each): {} for each in train + test}
        for context in contexts:
            columns = Columns([each.features for each in train], [context(each) for each in train], most=20)
            for each in train + test:
                values = zip(columns.names, columns.of([each.features])[0], strict=True)
                around[id(each)] |= {f"{AROUND}{name}": value for name, value in values}
        rows, labels = [], []
        for each in train:
            found = candidates_of(each)
            wrong = [row for name, row in found if name not in right_of(each)]
            kept = [wrong[at] for at in draw.permutation(len(wrong))[:10]]
            right = [row for name, row in found if name in right_of(each)]
            rows += [row | around[id(each)] for row in right + kept]
            labels += [1] * len(right) + [0] * len(kept)
        found = [candidates_of(each) for each in test]
        others = [row | around[id(each)] for each, rows_of in zip(test, found, strict=True) for _, row in rows_of]
        ends = np.cumsum([len(rows_of) for rows_of in found])

        def likeliest(model, matrix, found=found, ends=ends):
            scores = np.split(model.predict_proba(matrix)[:, 1], ends[:-1])
            return [rows_of[int(np.argmax(of))][0] for rows_of, of in zip(found, scores, strict=True)]

        def worth(model, matrix, test=test, likeliest=likeliest):
            return np.mean([name in right_of(each) for each, name in zip(test, likeliest(model, matrix), strict=True)])

        trial = Trial(rows, labels, others, 60)
        best += zip(test, likeliest(trial.model, trial.held_out), strict=True)
        told.append(lambda trial=trial, worth=worth: trial.told_by(worth))
    return best, told[0]
