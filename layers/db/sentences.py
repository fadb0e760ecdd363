"""What is wrong, for people, when data break a rule of the database: a sentence for each, by the end of its name."""

from __future__ import annotations

_NAME = "is 1 to 200 characters, none of them invisible."
_REASON = "A reason is a few words in one line, at most 200 characters, without a number or an address of a person."
_WORDS = "Write a few words, at most 500 characters: blanks and signs alone say nothing."
_PERSONAL = "Leave out what looks like a telephone or identity number, a plate, an e-mail address or a messenger id."
_SHAPE = "The shape must be valid, not empty, in longitude and latitude, and of at most 100,000 vertices."
_POSITION = "The place is longitude, -180 to 180, and latitude, -90 to 90, in this order."
_ROLES = "A role is reader, reporter, officer, dispatcher, analyst, publisher, steward, auditor or admin."
_GONE = "or something else still belongs to it."
_PEOPLE = "A row has 0 to 10,000 people of each age."
_METRES = "is 0 to 1,000 metres."
#: By the name of a constraint or its end; of several that fit, the longest counts.
SENTENCES = {
    # Names and codes, of whatever it is
    "code_check": "A code is 1 to 64 characters, none of them invisible, without a blank at either end.",
    "parent_code_check": "A parent's code is 1 to 64 characters, none of them invisible, without a blank at an end.",
    "name_check": f"A name {_NAME}",
    "name_en_check": f"An English name {_NAME}",
    "title_check": f"A title {_NAME}",
    "jurisdiction_name_check": f"The name of a jurisdiction {_NAME}",
    "jurisdiction_name_en_check": f"The English name of a jurisdiction {_NAME}",
    "address_check": f"An address {_NAME}",
    "label_check": f"A label {_NAME}",
    "call_sign_check": f"A call sign {_NAME}",
    "unit_check": "A unit is 1 to 64 characters, none of them invisible, without a blank at either end.",
    "id_check": "An id is 1 to 64 characters, none of them invisible, without a blank at either end.",
    "verb_check": "The name of a step is 1 to 64 characters, none of them invisible.",
    "kind_check": "A kind is 1 to 64 characters, none of them invisible, without a blank at either end.",
    "reason_check": _REASON,
    "household_without_personal_number": "The code or the unit looks like a number of a person: leave it out.",
    # Shapes and places
    "geom_check": _SHAPE,
    "outline_check": _SHAPE,
    "sector_check": _SHAPE,
    "camera_geom_check": _POSITION,
    "decision_geom_check": _POSITION,
    "household_geom_check": _POSITION,
    "incident_geom_check": _POSITION,
    "organisation_geom_check": _POSITION,
    "basemap_feature_line_or_area": "A feature of the base map is a line or an area.",
    "refuse_overlap": "Grids of an edition may not overlap: move the border of one of them.",
    # What there is once, and what must be there
    "jurisdiction_id_code_key": "There is one of this code in the jurisdiction already: take another code.",
    "jurisdiction_code_key": "There is a jurisdiction of this code already: take another code.",
    "grid_code_once_per_edition": "There is a grid of this code in the edition already: take another code.",
    "lineage_edition_id_predecessor_code_successor_code_key": "That the one grid became the other is noted already.",
    "draft_step_number": "Somebody else made a step in this draft at the same moment: look at it, then try again.",
    "pkey": "There is one of this key already: change that one, or leave the key out.",
    "jurisdiction_id_fkey": f"There is no such jurisdiction, {_GONE}",
    "edition_id_fkey": f"There is no such edition, {_GONE}",
    "base_id_fkey": f"There is no such edition to begin from, {_GONE}",
    "jurisdiction_id_staff_code_fkey": f"There is no such member of staff in the jurisdiction, {_GONE}",
    "jurisdiction_id_building_code_fkey": f"There is no such building in the jurisdiction, {_GONE}",
    "jurisdiction_id_service_code_fkey": f"There is no such service in the jurisdiction, {_GONE}",
    "incident_assigned_to_staff": "There is no such member of staff in the incident's jurisdiction: name another.",
    "incident_duplicate_of_fkey": "There is no such incident to merge into: give the id of one that is there.",
    "incident_id_fkey": f"There is no such incident, {_GONE}",
    "webhook_id_fkey": f"There is no such webhook, {_GONE}",
    "step_id_fkey": f"There is no such step, {_GONE}",
    # Keys, staff and hours
    "api_key_id_check": "The public part of a key is 8 small letters and digits.",
    "secret_sha256_check": "A key is kept as its SHA-256, 32 bytes.",
    "previous_sha256_check": "A key is kept as its SHA-256, 32 bytes, the secret before it, too.",
    "api_key_previous_ends": "The secret that a key had before says until when it is good.",
    "issuer_check": "An issuer is an http or https address of up to 250 visible ASCII characters.",
    "subject_check": "A subject is 1 to 255 ASCII characters, as the identity provider writes it.",
    "login_fkey": f"There is no such account, {_GONE}",
    "key_id_fkey": f"There is no such key, {_GONE}",
    "words_days_check": "Words are kept for 8 to 36,500 days, or for good.",
    "deliveries_days_check": "Messages of webhooks are kept for 1 to 36,500 days, or for good.",
    "report_keys_days_check": "What a report is known by that is sent again is kept for 1 to 36,500 days, or for good.",
    "sessions_days_check": "Sessions that ended are kept for 1 to 36,500 days, or for good.",
    "because_check": "Words are erased by retention, for their reporter, on request, as of a third-person, as a"
    " mistake, for an authority, or by a restore.",
    "retention_run_kind_check": "Retention takes away words, deliveries, report_keys or sessions.",
    "removed_check": "A run of retention took away something.",
    "visitors_check": "What visitors see of a jurisdiction is closed, grids or open.",
    "login_check": "A login name is 1 to 40 small letters, digits and .-_, and no number of a person: name a post.",
    "password_hash_check": "A password is kept as its argon2id hash.",
    "access_grant_role_check": _ROLES,
    "login_grant_role_check": "A login of the database is a reader or an analyst.",
    "granted_by_check": f"Who gave a grant {_NAME}",
    "revoked_by_check": f"Who took a grant back {_NAME}",
    "grant_of_an_account_or_a_key": "A grant is of an account or of a key.",
    "grant_ends_after_it_begins": "A grant ends after it begins.",
    "grant_staff_of_a_jurisdiction": "A grant names a member of staff together with the jurisdiction, or neither.",
    "grant_officer_is_somebody": "What is an officer's names the officer: say whose it is.",
    "grant_revoked_by_somebody": "Of a grant that was taken back it is known by whom.",
    "grant_once": "This role is granted there already, for some of the time that is meant.",
    "grant_one_officer": "An account or a key is one officer, of one jurisdiction.",
    "created_by_check": f"Who made an account {_NAME}",
    "staff_role_check": "Staff are grid_officer, police_officer or dispatcher.",
    "visit_kind_check": "A visit is patrol, registration, hazard_check, dispute, request or service.",
    "outcome_check": "What came of a visit is done, nobody_there, follow_up or handed_on.",
    "visit_at_check": "A visit is of a minute: its instant has no seconds.",
    "visit_at_a_building_or_a_point": "A visit is at a building or at a point, not both.",
    "visit_geom_check": _POSITION,
    "building_code_check": "The code of a building is 1 to 64 characters, none invisible, without a blank at an end.",
    "posting_role_check": "A posting is as grid_officer, deputy or police_officer.",
    "posting_check": "A posting ends after it begins.",
    "posting_one_grid_officer": "The grid has an officer on some of these days: end that posting, or post a deputy.",
    "calendar_day_day_check": "A day is a date of the calendar, such as 2026-10-01.",
    "works_like_check": "A day works like one of the days of the week, 1 (Monday) to 7, or not at all.",
    "weekday_check": "A day of the week is 1 (Monday) to 7.",
    "working_hours_check": "Work ends after it begins, on the same day.",
    "working_hours_do_not_overlap": "Two stretches of working hours overlap: join them, or leave time between.",
    # Jurisdictions, editions, services
    "jurisdiction_accuracy_m_check": f"The accuracy of a jurisdiction {_METRES}",
    "snap_tolerance_m_check": f"The snap tolerance {_METRES}",
    "grid_code_pattern_check": "The pattern of grid codes is 1 to 200 characters.",
    "households_min_check": "A grid has no fewer than 0 households.",
    "households_min_to_max": "The most households of a grid are no fewer than the fewest.",
    "reroute_check": "What open reports do when their place changes grids is keep, move or ask.",
    "edition_status_check": "An edition is draft, published, superseded or withdrawn.",
    "edition_note_check": _REASON,
    "edition_asked_by_somebody": "Somebody asks for a draft to be put in force as it is at one of its revisions.",
    "edition_ends_after_it_begins": "An edition ends after it begins.",
    "edition_in_force_has_a_beginning": "A published edition says from when it is in force, and when it was published.",
    "edition_one_in_force": "Another edition of the jurisdiction is in force at that time: choose another beginning.",
    "ballpark_check": "What is not sure of a datum is said in 1 to 500 characters.",
    "decision_kind_check": "What is decided is a gap or an overlap.",
    "decision_area_m2_check": "A gap or an overlap has 0 square metres or more.",
    "valid_from_check": "An edition begins at an instant, not at infinity.",
    "valid_to_check": "An edition ends at an instant, not at infinity.",
    "basemap_feature_kind_check": "A feature of the base map is a street, water, green or block.",
    "floors_check": "A building has 1 to 200 floors.",
    "bearing_deg_check": "A bearing is 0 to below 360 degrees.",
    "fov_deg_check": "A field of view is more than 0 and at most 360 degrees.",
    "range_m_check": "A camera sees more than 0 and at most 2,000 metres.",
    "camera_status_check": "A camera is online, offline or in maintenance.",
    "organisation_kind_check": "An organisation is a party_branch, partner, service_point or other.",
    "age_0_13_check": _PEOPLE,
    "age_14_17_check": _PEOPLE,
    "age_18_59_check": _PEOPLE,
    "age_60_79_check": _PEOPLE,
    "age_80_plus_check": _PEOPLE,
    "household_households_check": "A row of households counts 1 to 10,000 of them.",
    "household_floating_check": "The floating population of a household is 0 or more.",
    "household_floating_are_residents": "The floating population of a household is part of its residents.",
    "attribution_check": "Whom maps name is said in 1 to 500 characters.",
    "change_kind_check": "A change is edit, import or undo.",
    "door_check": "A door is 1 to 64 characters, none of them invisible.",
    "note_check": f"A note {_NAME}",
    "change_id_fkey": f"There is no such change, {_GONE}",
    "undoes_fkey": f"There is no such change, {_GONE}",
    "service_attributes_are_a_list": "What a service asks for is a list.",
    "limit_working_hours_check": "The limit of a service is more than 0 working hours, or none.",
    # Incidents
    "incident_source_check": "A report comes from resident, patrol, camera, hotline or system.",
    "incident_description_check": "A description has at most 4,000 characters.",
    "incident_attributes_are_an_object": "Answers are an object by their codes, of at most 20,000 bytes.",
    "incident_accuracy_m_check": f"The accuracy of a place {_METRES}",
    "received_x_check": "The coordinates of a report are numbers, at most 1e9.",
    "received_y_check": "The coordinates of a report are numbers, at most 1e9.",
    "declared_crs_check": "A reference system is wgs84, cgcs2000, gcj02, bd09 or epsg: with its number.",
    "reported_at_check": "A report is made at an instant from 1900 to 2200.",
    "routed_at_check": "A report is routed by an instant, not by infinity.",
    "reporter_sha256_check": "A token is kept as its SHA-256, 32 bytes.",
    "ix_incident_reporter_sha256": "Another report has this token already: make a new one.",
    "method_check": "A report is routed by covers, nearest, building, manual or none.",
    "upkeep_check": "What functions of the database put right is counted by them alone: leave it out.",
    "incident_status_check": "There is no such status: take one of those that the lifecycle names.",
    "incident_overrule_reason_check": _WORDS,
    "incident_step_reason_check": _WORDS,
    "incident_reasons_say_something": _WORDS,
    "incident_set_out_when_accepted": "Who is on the way accepted the incident: status accepted, or no set_out_at.",
    "incident_overruled_with_a_reason": "Whoever overrules names the grid and says why: both, or neither.",
    "incident_owned_or_queued": "Which grid has a report is the database's answer: leave the grid out.",
    "incident_closed_has_a_time": "When an incident was closed is said when it is closed, and only then.",
    "incident_rated_when_closed": "An incident is rated when it is closed, or what it was merged into.",
    "rating_check": "A rating is 1 to 5.",
    "incident_duplicate_of_another": "An incident is merged into another one; only what is merged names another.",
    "incident_without_personal_numbers": _PERSONAL,
    "incident_step_without_personal_numbers": _PERSONAL,
    "incident_attributes_without_personal_numbers": _PERSONAL,
    # Layers, and columns of own ones by their type
    "layer_own_table": "The table of an own layer is called as the layer, with own_ before it.",
    "own_position": _POSITION,
    "own_shape": _SHAPE,
    "own_line_or_area": f"A feature is a line or an area. {_SHAPE}",
    "own_text": "A text is 1 to 200 characters, none invisible, without a person's number; or one of the codes.",
    "own_number": "A number is finite.",
    "own_instant": "An instant is from 1900 to 2200.",
    # Webhooks
    "webhook_label_check": "The label of a webhook has at most 200 characters.",
    "webhook_url_check": "The address of a webhook has 1 to 2,000 characters.",
    "webhook_topics_check": "The topics of a webhook are an object by their names.",
    "secret_check": "The secret of a webhook begins with whsec_.",
    "webhook_previous_secret_ends": "A secret that was replaced says until when it is valid.",
    "sent_up_to_check": "The number of an event is 0 or more.",
    "disabled_reason_check": "Why a webhook is switched off is said in a few words, at most 200 characters.",
    "webhook_disabled_for_a_reason": "A webhook that is switched off says why, and only then.",
    "webhook_without_personal_numbers": _PERSONAL,
}  # fmt: skip


def broken(rule: str | None) -> str:
    """Return the sentence about a constraint by its name, or about a column that is missing."""
    key = rule_called(rule)
    return f"The data break the rule {rule or ''}." if key is None else SENTENCES[key]


def rule_called(rule: str | None) -> str | None:
    """Return what the sentence about a constraint stands under, by which pages know their own; None: there is none."""
    name = rule or ""
    fitting = [end for end in SENTENCES if name == end or name.endswith(f"_{end}")]
    return max(fitting, key=len, default=None)


def missing(column: str | None) -> str:
    """Return the sentence about a column that must have a value."""
    return f"{column or 'Something'} is missing: give it."
