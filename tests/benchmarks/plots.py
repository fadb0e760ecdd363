"""The plots of the page: small, without ornament, readable by the colour-blind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.comparing import OURS, RIVALS
from tests.benchmarks.measuring import Figures

#: Okabe and Ito, "Color universal design" (2008); without yellow and sky blue, which are too pale for lines on white.
COLOURS = {
    "owners, all cores": "#0072B2",
    "owners": "#0072B2",
    "lookup": "#009E73",
    "SedonaDB": "#D55E00",
    "shapely": "#E69F00",
    "GeoPandas": "#CC79A7",
    "PostGIS": "#000000",
    "owner_of": "#777777",
}
#: Ours are filled, others are hollow: the difference is seen without colour too.
MARKERS = dict(zip(COLOURS, "osD^v<>s", strict=True))
TEXT = "#333333"
SMALL = {
    "font.size": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "geoservice",  # equal figures give equal files
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "text.color": TEXT,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "grid.color": "#e0e0e0",
    "grid.linewidth": 0.6,
}


def draw(shown: Figures, folder: Path) -> None:
    """Draw the figures of the parts that were measured into a folder."""
    drawn: dict[str, tuple[Callable[[Figures], Figure], Figures]] = {}
    if engine := shown.get("engine"):
        drawn["throughput.svg"] = (throughput, engine["beside others"])
        drawn["borders.svg"] = (near_borders, engine["near borders"])
        drawn["building.svg"] = (built, engine["built"])
    if "publishing" in shown:
        drawn["publishing.svg"] = (published, shown["publishing"])
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(SMALL):
        for name, (plot, figures) in drawn.items():
            plot(figures).savefig(folder / name, metadata={"Date": None, "Creator": None})


def _line(axes: Axes, who: str, x: list[float], y: list[float]) -> None:
    axes.plot(x, y, color=COLOURS[who], marker=MARKERS[who], markersize=4, linewidth=1.3, label=who,
              linestyle="--" if who == "owners, all cores" else "-",
              markerfacecolor="white" if who in RIVALS else COLOURS[who])  # fmt: skip


def _named_beside(axes: Axes, ends: dict[str, float], x: float) -> None:
    """Write names at the right ends of lines, in order and apart from each other (logarithmic axes)."""
    low, high = axes.get_ylim()
    step = (high / low) ** (1 / 16)
    at = 0.0
    for who, y in sorted(ends.items(), key=lambda one: one[1]):
        at = max(y, at * step)
        axes.annotate(who, (x, y), xytext=(x * 1.35, at), va="center", annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": COLOURS[who], "linewidth": 0.6})  # fmt: skip


def _plain(value: float, _: object) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _plain_numbers(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter(_plain)
            axis.set_minor_formatter(lambda value, _: "")


def throughput(found: Figures) -> Figure:
    """Return positions a second against the number of grids, of synthetic sets: they differ in nothing else."""
    sets = {one["grids"]: one["asked"] for name, one in found["sets"].items() if _is_made(name) and "asked" in one}
    figure = Figure(figsize=(6.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="grids", ylabel="millions of positions a second")
    ends = {}
    for who in (*OURS, *RIVALS):
        at = [(grids, asked[who]["rate"] / 1e6) for grids, asked in sets.items() if who in asked]
        if at:
            grids, rates = (list(column) for column in zip(*at, strict=True))
            _line(axes, who, grids, rates)
            ends[who] = rates[-1]
    axes.set_xticks(list(sets))
    _named_beside(axes, ends, max(sets))
    _plain_numbers(axes)
    return figure


def near_borders(found: Figures) -> Figure:
    """Return positions a second against the share of them near borders."""
    figure = Figure(figsize=(6.2, 2.6), layout="constrained")
    every = figure.subplots(1, len(found["sets"]), sharey=True, squeeze=False)[0]
    for axes, (name, one) in zip(every, found["sets"].items(), strict=True):
        axes.set(yscale="log", xlabel="% within 15 m of a border")
        axes.set_title(name, fontsize=8)
        for who, rates in one.items():
            _line(axes, who, [share * 100 for share in found["shares"]], [rate / 1e6 for rate in rates])
        axes.yaxis.set_major_formatter(_plain)
    every[0].set_ylabel("millions of positions a second")
    every[-1].legend(frameon=False, fontsize=7)
    return figure


def built(found: Figures) -> Figure:
    """Return seconds and megabytes against the number of grids: lines for synthetic sets, points for real ones."""
    found = {name: one | {"both_s": one["build_s"] + one["nearest_s"]} for name, one in found.items()}
    figure = Figure(figsize=(6.2, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, label, parts in (
        (left, "seconds to build", {"build_s": "owners", "both_s": "lookup"}),
        (right, "MB of tables", {"tables_mb": "owners", "tables_with_nearest_mb": "lookup"}),
    ):
        axes.set(xscale="log", yscale="log", xlabel="grids", ylabel=label)
        for column, who in parts.items():
            _sets(axes, who, {one["grids"]: one[column] for name, one in found.items() if _is_made(name)}, "-")
            _sets(axes, who, {one["grids"]: one[column] for name, one in found.items() if not _is_made(name)}, "none")
        _plain_numbers(axes)
    _explained(left)
    return figure


#: The steps of publishing, each with a colour and a marker of its own.
STEPS = {
    "validate_s": ("gate", "#777777", "^"), "preview_s": ("preview", "#D55E00", "s"),
    "publish_s": ("publish", "#0072B2", "o"),
}  # fmt: skip


def published(found: Figures) -> Figure:
    """Return the seconds of each step of publishing against the share of grids that changed."""
    figure = Figure(figsize=(6.2, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="% of grids, people and open reports that change", ylabel="seconds")
    shares = [float(share) * 100 for share in found["shares"]]
    for step, (label, colour, marker) in STEPS.items():
        seconds = [one[step] for one in found["shares"].values()]
        axes.plot(shares, seconds, color=colour, marker=marker, markersize=4, linewidth=1.3, label=label)
    axes.set_xticks(shares)
    axes.legend(frameon=False, fontsize=7)
    _plain_numbers(axes)
    return figure


def _is_made(name: str) -> bool:
    return name.startswith("synthetic")


def _sets(axes: Axes, who: str, values: dict[int, float], line: str) -> None:
    """Draw sets of grids: joined by a line and filled, or hollow on their own."""
    filling = COLOURS[who] if line == "-" else "white"
    axes.plot(list(values), list(values.values()), color=COLOURS[who], marker=MARKERS[who], markersize=4,
              linewidth=1.3, linestyle=line, markerfacecolor=filling)  # fmt: skip


def _explained(axes: Axes) -> None:
    for who, text in (("owners", "for owners"), ("lookup", "for distances too")):
        axes.plot([], [], color=COLOURS[who], marker=MARKERS[who], markersize=4, label=text)
    axes.plot(
        [], [], color="#555555", marker="o", markersize=4, linestyle="none", markerfacecolor="white", label="real sets"
    )
    axes.legend(frameon=False, fontsize=7)
