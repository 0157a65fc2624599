"""Every rule of the importer matches its examples, and none of its counterexamples."""

import importlib
import pkgutil

import pytest

import importing
from importing.rules import Rule


def tables() -> list[tuple[str, tuple[Rule, ...]]]:
    """Return every table of rules in the modules of the importer, with its name."""
    found = []
    for module in pkgutil.walk_packages(importing.__path__, "importing."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, tuple) and value and all(isinstance(one, Rule) for one in value):
                found.append((f"{module.name.rpartition('.')[2]}.{name}", value))
    return found


TABLES = tables()
EXAMPLES = [
    pytest.param(rule, text, wanted, id=f"{table}: {rule.name}: {text[:40]}")
    for table, rules in TABLES
    for rule in rules
    for wanted, texts in ((True, rule.yes), (False, rule.no))
    for text in texts
]


@pytest.mark.parametrize(("rule", "text", "wanted"), EXAMPLES)
def test_a_rule_matches_its_examples_and_no_counterexample(rule, text, wanted):
    assert bool(rule.matches(text)) is wanted


@pytest.mark.parametrize(("table", "rules"), TABLES, ids=[table for table, _ in TABLES])
def test_every_rule_has_a_name_and_examples_of_both_kinds(table, rules):
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.yes, f"{table}: {rule.name} has no text that it matches"
        assert rule.no, f"{table}: {rule.name} has no text that it must not match"


def test_titles_datelines_and_quotations_have_tables():
    names = {table for table, _ in TABLES}
    assert {"heads.NOT_A_TITLE", "heads.FURNITURE", "datelines.PLACE", "quotations.QUOTED"} <= names
