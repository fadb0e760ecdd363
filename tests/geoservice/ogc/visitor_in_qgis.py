"""What somebody does in QGIS with layers of OGC API Features, run by the Python that it brings: JSON in, JSON out."""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsFeatureRequest,
    QgsRectangle,
    QgsVectorLayer,
)


def hit(layer: QgsVectorLayer, box: list[float]) -> list[str]:
    """Return the codes of what a click hits, asked as the tool to identify features asks: what meets a small box."""
    around = QgsFeatureRequest(QgsRectangle(*box)).setFlags(QgsFeatureRequest.ExactIntersect)
    return sorted(one["code"] for one in layer.getFeatures(around))


def worked(url: str, asked: dict[str, object]) -> dict[str, object]:
    """Load a collection and do what an analyst does with it."""
    source = f"url='{url}' typename='{asked['collection']}' pageSize='{asked['page_size']}'"
    layer = QgsVectorLayer(source, str(asked["collection"]), "OAPIF")
    every = list(layer.getFeatures())
    box = QgsFeatureRequest(QgsRectangle(*asked["bbox"]))
    chosen = QgsFeatureRequest().setFilterExpression(asked["where"])
    told: dict[str, object] = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "fields": [one.name() for one in layer.fields()],
        "features": sorted(one["code"] for one in every),
        "shapes": sum(one.geometry().isGeosValid() for one in every),
        "in_box": sorted(one["code"] for one in layer.getFeatures(box)),
        "chosen": sorted(one["code"] for one in layer.getFeatures(chosen)),
        "hit": hit(layer, asked["click"]),
    }
    layer.setSubsetString(asked["where"])
    told["narrowed"] = sorted(one["code"] for one in layer.getFeatures())
    return told


application = QgsApplication([], False)
application.initQgis()
url, *every = json.load(sys.stdin)
print(json.dumps([worked(url, one) for one in every]))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 may end in a fault of its own when its threads are taken down
