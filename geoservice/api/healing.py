"""Narrow gaps and overlaps of a draft, closed as one step: POST /v1/editions/{id}/heal."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import Field

from geoservice.api.drafts import REFUSALS, SECURITY, TAG, EditedOut, edited_response
from geoservice.api.editions import EditionPath
from geoservice.domain.validating.topology import HEALED_MAX_M
from geoservice.services.drafting.model import Edited
from geoservice.services.drafting.service import DraftService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import StrictModel
from geoservice.web.preconditions import stated_revision
from geoservice.web.problems import problem_responses

#: Whoever waits for the answer of a request does not wait longer; what takes longer is for the command line.
LONGEST_S = 20.0


class HealBody(StrictModel):
    """How narrow what is closed has to be."""

    tolerance_m: Annotated[float, Field(gt=0, le=HEALED_MAX_M)] = 0.5


def healing_blueprint(drafts: DraftService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("healing", __name__, url_prefix="/v1/editions", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post(
        "/<id>/heal", summary="Heal a draft", responses={200: EditedOut, **REFUSALS, **problem_responses(503)}
    )
    @guard("edit_boundaries")
    def heal(path: EditionPath, body: HealBody) -> Response:
        """Close gaps and overlaps that are narrower than a tolerance, and fit the draft to its outline, as one step."""
        edition, healing, _ = drafts.heal(
            path.id, body.tolerance_m, commit=True, revision=stated_revision(path.id), longest_s=LONGEST_S,
            actor=current_identity().actor,
        )  # fmt: skip
        healed = {one.code for one in healing.changes}
        return edited_response(Edited(edition, (), tuple(grid for grid in healing.grids if grid.code in healed)))

    return blueprint
