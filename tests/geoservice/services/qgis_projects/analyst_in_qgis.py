"""What an analyst does in QGIS, run by the Python that QGIS brings: steps as JSON in, what came of each as JSON out."""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRenderContext,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)


class Desk:
    """Layers that are open, by name, and what QGIS wrote into its log."""

    def __init__(self) -> None:
        self.layers: dict[str, QgsVectorLayer] = {}
        self.log: list[str] = []
        QgsApplication.messageLog().messageReceived.connect(lambda text, tag, level: self.log.append(text))

    def open(self, name: str, source: str) -> dict[str, object]:
        """Open a layer and begin to edit it."""
        layer = QgsVectorLayer(source, name, "postgres")
        self.layers[name] = layer
        return {"valid": layer.isValid(), "editing": layer.startEditing(), "grids": sorted(self._by_code(layer))}

    def open_project(self, path: str, edit: str) -> dict[str, object]:
        """Open a project and begin to edit one of its layers."""
        project = QgsProject.instance()
        read = project.read(path)
        layers = {layer.id(): layer for layer in project.mapLayers().values()}
        self.layers = layers
        snapping = project.snappingConfig()
        return {
            "read": read,
            "crs": project.crs().authid(),
            "topological": project.topologicalEditing(),
            "snapping": snapping.enabled(),
            "snapped": [layer.id() for layer, one in snapping.individualLayerSettings().items() if one.enabled()],
            "view": project.viewSettings().defaultViewExtent().asWktPolygon(),
            "relations": {key: one.isValid() for key, one in project.relationManager().relations().items()},
            "drawn": [layer.id() for layer in project.layerTreeRoot().layerOrder()],
            "transaction": project.autoTransaction(),
            "layers": {
                key: {
                    "valid": layer.isValid(), "read_only": layer.readOnly(), "features": len(list(layer.getFeatures())),
                    "labels": layer.labelsEnabled() and layer.labeling().settings().fieldName,
                    "checks": layer.geometryOptions().geometryChecks(),
                    "precision": layer.geometryOptions().geometryPrecision(), "crs": layer.crs().authid(),
                    "colour": layer.renderer().symbols(QgsRenderContext())[0].color().name()
                    if layer.isSpatial() else None,
                    "looks": len(layer.renderer().symbols(QgsRenderContext())) if layer.isSpatial() else 0,
                    "widgets": {field.name(): layer.editorWidgetSetup(n).type()
                                for n, field in enumerate(layer.fields())},
                    "locked": [field.name() for n, field in enumerate(layer.fields())
                               if layer.editFormConfig().readOnly(n)],
                    "pages": [one.name() for one in layer.editFormConfig().invisibleRootContainer().children()],
                }
                for key, layer in layers.items()
            },
            "editing": layers[edit].startEditing(),
        }  # fmt: skip

    def transaction_groups(self, *, on: bool) -> bool:
        """Let QGIS write at once and commit when saved, as its project setting does."""
        project = QgsProject.instance()
        for layer in self.layers.values():
            layer.rollBack()
            project.addMapLayer(layer)
        project.setAutoTransaction(on)
        return all(layer.startEditing() for layer in self.layers.values())

    def move(self, name: str, at: list[float], to: list[float], only: list[str] | None = None) -> list[str]:
        """Move a vertex in every grid that has it, as topological editing does, or only in some."""
        layer, moved = self.layers[name], []
        for code, feature in self._by_code(layer).items():
            number = next((i for i, v in enumerate(feature.geometry().vertices()) if [v.x(), v.y()] == at), None)
            if number is not None and (only is None or code in only) and layer.moveVertex(*to, feature.id(), number):
                moved.append(code)
        return sorted(moved)

    def draw(self, name: str, ring: list[list[float]], **fields: object) -> bool:
        """Draw a polygon; the form fills in what the layer says."""
        layer = self.layers[name]
        values = {layer.fields().indexOf(field): value for field, value in fields.items()}
        geometry = QgsGeometry.fromPolygonXY([[QgsPointXY(*corner) for corner in ring]])
        return bool(layer.addFeature(QgsVectorLayerUtils.createFeature(layer, geometry, values)))

    def merge(self, name: str, codes: list[str]) -> bool:
        """Make the first grid cover the others too and remove them, as Merge Selected Features does."""
        layer = self.layers[name]
        first, *others = (self._by_code(layer)[code] for code in codes)
        whole = QgsGeometry.unaryUnion([first.geometry(), *(other.geometry() for other in others)])
        return all([layer.changeGeometry(first.id(), whole), *(layer.deleteFeature(other.id()) for other in others)])

    def delete(self, name: str, code: str) -> bool:
        """Remove a grid."""
        return bool(self.layers[name].deleteFeature(self._by_code(self.layers[name])[code].id()))

    def change(self, name: str, code: str, field: str, value: object) -> bool:
        """Fill in a field."""
        layer = self.layers[name]
        return bool(layer.changeAttributeValue(self._by_code(layer)[code].id(), layer.fields().indexOf(field), value))

    def doubts(self, name: str, code: str) -> list[str]:
        """Return what QGIS has to say of the fields of a feature before it saves it."""
        layer = self.layers[name]
        asked = (QgsVectorLayerUtils.validateAttribute(layer, self._by_code(layer)[code], n)
                 for n in range(layer.fields().count()))  # fmt: skip
        return [doubt for _, doubts in asked for doubt in doubts]

    def save(self, name: str) -> dict[str, object]:
        """Save; give up what was refused; edit on."""
        self.log.clear()
        layer = self.layers[name]
        saved = layer.commitChanges()
        told = {"saved": saved, "errors": " ".join(layer.commitErrors()), "log": " ".join(self.log)}
        if not saved:
            layer.rollBack()
        layer.startEditing()
        return told

    def shapes(self, name: str) -> dict[str, str]:
        """Return each grid as QGIS has it, saved or not, to the last bit."""
        shapes = {code: feature.geometry() for code, feature in self._by_code(self.layers[name]).items()}
        for shape in shapes.values():
            shape.convertToMultiType()
        return {code: bytes(shape.asWkb()).hex() for code, shape in shapes.items()}

    def _by_code(self, layer: QgsVectorLayer) -> dict[str, object]:
        return {feature["code"]: feature for feature in layer.getFeatures()}


def main() -> None:
    """Run the steps of standard input."""
    application = QgsApplication([], False)
    application.initQgis()
    desk = Desk()
    print(json.dumps([getattr(desk, verb)(**given) for verb, given in json.load(sys.stdin)]))
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it ends; nothing is left to lose


if __name__ == "__main__":
    main()
