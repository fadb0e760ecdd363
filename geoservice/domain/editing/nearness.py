"""What lies near a place: the vertex or the edge of some areas that a person pointed at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.edges import Edge, Vertex, edge_of, vertex_on
from layers.geometry import metres_per_degree, segments_of


def nearest_vertex(geoms: Iterable[BaseGeometry], place: Vertex) -> tuple[Vertex, float] | None:
    """Return the vertex of some areas or lines that is nearest to a place, and how far it is in metres."""
    coords = shapely.get_coordinates(list(geoms))
    if len(coords) == 0:
        return None
    distances = np.hypot(*((coords - place) * metres_per_degree(place[1])).T)
    nearest = int(np.argmin(distances))
    lon, lat = coords[nearest].tolist()
    return (lon, lat), float(distances[nearest])


def nearest_edge(geoms: Iterable[BaseGeometry], place: Vertex) -> tuple[Edge, Vertex, float] | None:
    """Return the edge of some areas that is nearest to a place, the vertex to put there, and how far it is in metres.

    The vertex is an end of the edge when that is what lies nearest.
    """
    return nearest_of(np.concatenate([np.empty((0, 2, 2)), *(segments_of(geom) for geom in geoms)]), place)


def nearest_of(segments: np.ndarray, place: Vertex) -> tuple[Edge, Vertex, float] | None:
    """Return the same of edges given as an array of shape (n, 2, 2)."""
    if len(segments) == 0:
        return None
    scale = np.array(metres_per_degree(place[1]))
    start, end = ((segments[:, which] - place) * scale for which in (0, 1))
    run = end - start
    length2 = (run * run).sum(axis=1)
    share = np.clip(-(start * run).sum(axis=1) / np.where(length2 == 0, 1, length2), 0, 1)
    feet = start + share[:, None] * run
    distances = np.hypot(*feet.T)
    nearest = int(np.argmin(distances))
    one, other = (tuple(pair) for pair in segments[nearest].tolist())
    edge = edge_of(one, other)
    if share[nearest] in (0, 1):
        return edge, (one if share[nearest] == 0 else other), float(distances[nearest])
    lon, lat = (feet[nearest] / scale + place).tolist()
    return edge, vertex_on(edge, (lon, lat)), float(distances[nearest])
