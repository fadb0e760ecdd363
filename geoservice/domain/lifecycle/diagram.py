"""The lifecycle as the documents show it, made from the table. Run it as a module to print both."""

from __future__ import annotations

from collections.abc import Iterable

from geoservice.domain.lifecycle.table import STEPS, Status, Step

STAGES = ("collect", "file", "dispatch", "handle", "feed back", "check and close", "evaluate")


def drawing() -> str:
    """Return the states and steps as a Mermaid state diagram; steps between the same two states share an arrow."""
    lines = ["stateDiagram-v2", "    [*] --> reported: report, nobody posted", "    [*] --> dispatched: report"]
    for (start, end), actions in _arrows().items():
        lines.append(f"    {start} --> {end}: {', '.join(actions)}")
    return "\n".join([*lines, "    closed --> [*]", "    cancelled --> [*]"])


def table() -> str:
    """Return the steps as a Markdown table."""
    head = ["| action | rule | from | to | who | needs | takes | of the seven steps |", "|---" * 8 + "|"]
    return "\n".join([*head, *(_row(step) for step in STEPS)])


def _arrows() -> dict[tuple[Status, Status], list[str]]:
    arrows: dict[tuple[Status, Status], list[str]] = {}
    for step in STEPS:
        for start in step.starts if step.ends else ():
            arrows.setdefault((start, step.ends_from(start) or start), []).append(step.action)
    return arrows


def _row(step: Step) -> str:
    cells = (
        f"`{step.action}`", step.rule, _listed(step.starts), _end(step), _listed(sorted(step.by)),
        _listed(sorted(step.needs)), _listed(sorted(step.takes)), f"{step.stage}, {STAGES[step.stage - 1]}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _end(step: Step) -> str:
    stays = f" ({', '.join(step.stays)} stays)" if step.stays else ""
    return f"{step.ends or 'stays'}{stays}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "-"


def figures() -> str:
    """Return the drawing and the table as they stand in docs/lifecycle.md."""
    return f"```mermaid\n{drawing()}\n```\n\n{table()}\n"


if __name__ == "__main__":
    print(figures())
