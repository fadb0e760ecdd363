"""Measure everything side by side: `python -m tests.benchmarks [--only engine,http] [--quick] [--out FOLDER]`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

from tests.benchmarks import page, results
from tests.benchmarks.measuring import ROOT, Figures, LeftOut, WrongAnswers, circumstances, load
from tests.benchmarks.scale import FULL, QUICK, Scale

KEPT, TRIED = ROOT / "docs" / "benchmarks", ROOT / "build" / "benchmarks"


def say(line: str) -> None:
    """Tell what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def parts_of(text: str) -> list[str]:
    """Return the parts that a list names."""
    names = text.split(",")
    if unknown := set(names) - set(page.PARTS):
        raise argparse.ArgumentTypeError(
            f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(page.PARTS)}"
        )
    return names


def options_of(arguments: list[str]) -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure, side by side in one run.")
    parser.add_argument("--only", type=parts_of, default=list(page.PARTS), metavar="PART[,PART]",
                        help=f"of {', '.join(page.PARTS)}; figures of other parts stay as they are")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that everything works")
    parser.add_argument("--out", type=Path, help="folder of the page (docs/benchmarks; build/benchmarks with --quick)")
    options = parser.parse_args(arguments)
    options.out = options.out or (TRIED if options.quick else KEPT)
    return options


def measured(part: str, scale: Scale) -> Figures:
    """Return the figures of a part, or why there are none."""
    try:
        found: Figures = page.PARTS[part].measured(scale, say)
    except LeftOut as reason:
        say(f"{part}: left out: {reason}")
        return {"left out": str(reason)}
    return found


def keep(folder: Path, all_results: Figures) -> None:
    """Write figures, plots and page."""
    results.write(folder / "results.json", all_results)
    shown = {name: one["figures"] for name, one in all_results.items() if "left out" not in one["figures"]}
    if "engine" in shown or "publishing" in shown:
        from tests.benchmarks import plots  # noqa: PLC0415  needs matplotlib, which tests do without

        plots.draw(shown, folder)
    (folder / "README.md").write_text(page.rendered(all_results), encoding="utf-8")


def database_versions(figures: Figures) -> dict[str, str]:
    """Return the versions of the database that was asked, if one was."""
    found: dict[str, str] = figures.get("beside others", figures).get("database versions", {})
    return found


def main(arguments: list[str]) -> None:
    """Measure part by part; what was measured is kept even when a later part fails."""
    options = options_of(arguments)
    scale = QUICK if options.quick else FULL
    around = circumstances(arguments) | {"trial": options.quick}
    file = options.out / "results.json"
    for part in options.only:
        before = load()
        try:
            figures = measured(part, scale)
        except WrongAnswers as wrong:
            sys.exit(f"{part}: WRONG: {wrong}")
        here = around | {"load before": before, "load after": load(), "scale": dataclasses.asdict(scale)}
        here["versions"] = around["versions"] | database_versions(figures)
        keep(options.out, results.merged(results.read(file), part, here, figures))
        say(f"{part}: in {options.out / 'README.md'}")
    print((options.out / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
