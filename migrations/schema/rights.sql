-- Who may do what. Three group roles:
--   geoservice_reader    the map without people
--   geoservice_analyst   also edits drafts and the layers that stand in the landscape, and hands in incidents; no households, no keys
--   geoservice_app       the service: everything but what only triggers write and what is never removed
-- Which rows of these each sees is in row_policies.sql.

GRANT USAGE ON SCHEMA geoservice TO geoservice_reader, geoservice_analyst, geoservice_app;

-- Of the tables of layers: attach_layer says it for each (layers.sql); whoever may read the map reads what is not personal,
-- the analyst writes it, and the service does both, to what is personal as well.
GRANT SELECT ON geoservice.served_grid, geoservice.served_figure, geoservice.served_building, geoservice.served_incident
    TO geoservice_analyst, geoservice_app;
GRANT SELECT ON geoservice.served_household, geoservice.served_jurisdiction, geoservice.housed_building TO geoservice_app;

-- What everybody reads.
GRANT SELECT ON
    geoservice.jurisdiction, geoservice.edition, geoservice.edition_period, geoservice.grid, geoservice.grid_lineage,
    geoservice.territory, geoservice.finding, geoservice.reassigned_code, geoservice.draft_grid,
    geoservice.layer, geoservice.service, geoservice.lifecycle,
    geoservice.working_hours, geoservice.calendar_day, geoservice.working_span
    TO geoservice_reader, geoservice_analyst, geoservice_app;
-- Readiness compares the revision.
GRANT SELECT ON public.geoservice_schema_version TO geoservice_reader, geoservice_analyst, geoservice_app;

-- What the analyst reads and writes beside that, as does the service.
GRANT SELECT ON geoservice.draft_step, geoservice.draft_change, geoservice.decision, geoservice.posting, geoservice.change,
    geoservice.change_count TO geoservice_analyst, geoservice_app;
GRANT SELECT ON geoservice.incident TO geoservice_app;
-- Whether it is sensitive, whether its words are gone, and whether it is routed already, is said by functions of ours alone.
DO $$
BEGIN
    EXECUTE format('GRANT INSERT (%s) ON geoservice.incident TO geoservice_app', (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = 'geoservice.incident'::regclass AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
           AND a.attname NOT IN ('sensitive', 'words_gone_at', 'upkeep')));
    EXECUTE format('GRANT UPDATE (%s) ON geoservice.incident TO geoservice_app', (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = 'geoservice.incident'::regclass AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
           AND a.attname NOT IN ('sensitive', 'words_gone_at', 'upkeep')));
END $$;
-- No words of residents and nothing of a reporter; a report that the analyst hands in has no token that somebody else may know.
GRANT SELECT (id, service_code, source, geom, received_x, received_y, declared_crs, accuracy_m, building_code, reported_at,
        jurisdiction_id, edition_id, grid_code, method, distance_to_border_m, near_border, candidates, officer_code, routed_at,
        overrule_grid_code, assigned_officer_code, status, status_since, step_rule, waiting_since, set_out_at, expected_at, work_left_s, overdue_at,
        late, duplicate_of, original_status, closed_at, rating, recorded_at, updated_at, version),
    INSERT (id, service_code, source, description, attributes, geom, received_x, received_y, declared_crs, accuracy_m, building_code,
        reported_at, jurisdiction_id, assigned_officer_code, overrule_grid_code, overrule_reason)
    ON geoservice.incident TO geoservice_analyst;
GRANT INSERT, UPDATE, DELETE ON
    geoservice.grid TO geoservice_analyst, geoservice_app;
GRANT INSERT (edition_id, code, reason), DELETE ON geoservice.reassigned_code TO geoservice_analyst, geoservice_app;

-- Many reports at once, of their own jurisdictions: take_in_reports asks. Who works as no scope, and visitors, have no such door.
GRANT INSERT ON geoservice.incident_inbox
    TO geoservice_analyst, geoservice_everywhere, geoservice_within, geoservice_officer;

-- An edition is made, named and thrown away while it is a draft. What is in force changes by publishing alone: the service may
-- mark a draft validated, move its base, withdraw it.
GRANT INSERT (jurisdiction_id, title, source, outline, outline_reason), UPDATE (title, source, outline, outline_reason), DELETE
    ON geoservice.edition TO geoservice_analyst, geoservice_app;
GRANT INSERT (ballpark), UPDATE (ballpark) ON geoservice.edition TO geoservice_app;
GRANT UPDATE (validated_hash, base_id, status, note, asked_by, asked_revision) ON geoservice.edition TO geoservice_app;

-- The analyst alone: the editable layer of a GIS.
GRANT INSERT, UPDATE, DELETE ON geoservice.draft_grid TO geoservice_analyst;

-- The service alone. What only triggers and functions write (territory, edition_period, grid_lineage, draft_change, incident_event,
-- working_span, outbox) is not here.
GRANT INSERT, UPDATE ON geoservice.jurisdiction TO geoservice_app;
-- What was given is taken back, and not written anew.
GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by) ON geoservice.access_grant TO geoservice_app;
GRANT SELECT, INSERT, UPDATE ON geoservice.staff, geoservice.api_key, geoservice.key_use TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (password_hash, must_change, disabled_at, signed_in_at) ON geoservice.account TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (seen_at, revoked_at), DELETE ON geoservice.session TO geoservice_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON geoservice.sign_in_attempt, geoservice.second_factor TO geoservice_app;
GRANT SELECT, INSERT, DELETE ON geoservice.recovery_code, geoservice.pending_sign_in, geoservice.account_link, geoservice.provider_sign_in
    TO geoservice_app;
GRANT INSERT, UPDATE, DELETE ON geoservice.posting, geoservice.service, geoservice.working_hours, geoservice.calendar_day
    TO geoservice_app;
GRANT INSERT, DELETE ON geoservice.finding TO geoservice_app;
GRANT UPDATE (state) ON geoservice.draft_step TO geoservice_app;
GRANT INSERT ON geoservice.decision TO geoservice_app;
GRANT SELECT, INSERT ON geoservice.visit, geoservice.preview, geoservice.report_key, geoservice.tile_edition, geoservice.tile_grid
    TO geoservice_app;
GRANT SELECT ON geoservice.tile_set, geoservice.tile_version, geoservice.tile_change, geoservice.tile_cell, geoservice.grid_figure
    TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (done_at) ON geoservice.scheduled_job TO geoservice_app;
-- Of what was done everything is told, and nothing written but by functions; who reads it, the guards and row policies say.
GRANT SELECT ON geoservice.audit_entry, geoservice.audit_seal, geoservice.audit_head TO geoservice_app;
GRANT SELECT ON geoservice.erasure, geoservice.retention_run, geoservice.incident_event, geoservice.outbox, geoservice.outbox_head TO geoservice_app;
-- What a webhook is for, and what was sent, is not written anew.
GRANT SELECT, INSERT, DELETE ON geoservice.webhook, geoservice.delivery TO geoservice_app;
GRANT UPDATE (secret, previous_secret, previous_secret_until, disabled_at, disabled_reason, sent_up_to)
    ON geoservice.webhook TO geoservice_app;
GRANT UPDATE (status, attempts, due_at, claimed_until, hurried, last_status, last_reason, delivered_at)
    ON geoservice.delivery TO geoservice_app;

-- PostgreSQL lets everybody run every routine, and whoever may run a trigger function may hang it on a table of his own
-- and feed it rows. So nobody may run one that is not named below.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA geoservice FROM PUBLIC;

-- What look-ups, CHECKs and triggers ask with the rights of whoever reads or writes.
GRANT EXECUTE ON FUNCTION
    geoservice.scope_jurisdictions(), geoservice.scope_post(), geoservice.scope_staff(), geoservice.scope_grids(), geoservice.followed(),
    geoservice.open_jurisdictions(), geoservice.closed_jurisdictions(), geoservice.login_jurisdictions(), geoservice.may_write(integer),
    geoservice.seen_jurisdictions(boolean, boolean), geoservice.is_seen(integer, integer[]),
    geoservice.is_told(text, integer), geoservice.is_told_own(text, integer), geoservice.told_jurisdictions(text), geoservice.is_told_whole(integer, text, text[]),
    geoservice.is_told_sensitive(integer, text, text, text[]), geoservice.told_count(bigint, boolean), geoservice.told_of_several(double precision, bigint, integer),
    geoservice.k_minimum(), geoservice.actor(), geoservice.is_service(), geoservice.by_service(), geoservice.is_code(text), geoservice.is_name(text), geoservice.is_instant(timestamptz), geoservice.has_form(text, text),
    geoservice.holds_personal_number(text), geoservice.personal_numbers(), geoservice.plain_words(text),
    geoservice.has_words(text), geoservice.is_reason(text),
    geoservice.is_position(geometry), geoservice.is_on_earth(geometry),
    geoservice.max_vertices(), geoservice.is_sound(geometry), geoservice.place_of(geometry), geoservice.web_mercator(geometry),
    geoservice.require_position(geometry, text), geoservice.require_sound(geometry, text),
    geoservice.lon_degree_m(double precision), geoservice.lat_degree_m(double precision),
    geoservice.distance_m(geometry, geometry, double precision, double precision),
    geoservice.on_one_side(geometry), geoservice.on_both_sides(geometry), geoservice.is_near_antimeridian(geometry),
    geoservice.lies_across(geometry),
    geoservice.box_around(geometry, double precision, double precision),
    geoservice.distance_across_m(geometry, geometry, double precision, double precision),
    geoservice.view_sector(geometry, double precision, double precision, double precision),
    geoservice.is_open(text), geoservice.clock_runs(text), geoservice.urgency(geoservice.incident),
    geoservice.urgency_of(text, timestamptz, timestamptz, timestamptz),
    geoservice.was_published(text), geoservice.posting_rank(text),
    geoservice.overlap_tolerance_m(), geoservice.latest_edition(integer), geoservice.edition_hash(bigint),
    geoservice.require_publishable(geoservice.edition),
    geoservice.edition_at(integer, timestamptz, timestamptz), geoservice.known_since(integer),
    geoservice.outline_before(integer, bigint), geoservice.ballpark_before(integer, bigint), geoservice.outline_at(integer, timestamptz, timestamptz),
    geoservice.jurisdiction_around(geometry, timestamptz, timestamptz),
    geoservice.wait_for_publications(timestamptz, integer),
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer, timestamptz),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision, timestamptz),
    geoservice.grids_within(geometry, double precision, double precision, integer, timestamptz, timestamptz, double precision, bigint),
    geoservice.unowned_at(geometry, timestamptz, integer, timestamptz),
    geoservice.owner_of(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.officer_posted(integer, text, timestamptz), geoservice.limit_s(integer, text),
    geoservice.worked_s(integer, timestamptz), geoservice.work_done_at(integer, timestamptz, double precision),
    geoservice.worked(integer, timestamptz), geoservice.work_done(integer, timestamptz, double precision),
    geoservice.incident_as_changed(geoservice.incident, geoservice.incident),
    geoservice.owner_by_report(geoservice.incident, geoservice.ownership, text),
    geoservice.owner_by_building(geoservice.incident, geoservice.ownership, boolean),
    geoservice.owner_by_person(geoservice.incident, geoservice.ownership),
    geoservice.building_meant(text, geometry, integer)
    TO geoservice_reader, geoservice_analyst, geoservice_app;
-- What the routing of a report asks, with the rights of its writer; and the turn that whoever writes takes.
GRANT EXECUTE ON FUNCTION
    geoservice.lock_jurisdiction_shared(integer),
    geoservice.stale_routing_at(integer, bigint, timestamptz, boolean),
    geoservice.reroute_at(geoservice.incident, geoservice.incident), geoservice.status_by_officer(text, text, text),
    geoservice.not_to_come(timestamptz), geoservice.status_of_original(uuid), geoservice.original_of(uuid)
    TO geoservice_analyst, geoservice_app;
-- What the service alone does.
GRANT EXECUTE ON FUNCTION
    geoservice.publish_edition(bigint, timestamptz, integer, text), geoservice.dry_run_publish(bigint, timestamptz),
    geoservice.fingerprint_of(geoservice.move[]), geoservice.apply_due_editions(),
    geoservice.person_of(text), geoservice.known_as(text, integer), geoservice.is_own_draft(geoservice.edition, text),
    geoservice.begin_step(bigint, text), geoservice.take_over_drawers(bigint, bigint), geoservice.changed_faces(bigint, bigint), geoservice.changed_grids(bigint, bigint),
    geoservice.reused_codes(bigint),
    geoservice.route_again(geoservice.incident_event, integer), geoservice.lapse_due(integer), geoservice.mark_overdue(integer),
    geoservice.lineage_between(bigint, bigint), geoservice.incidents_as_of(integer, timestamptz, timestamptz, uuid, integer),
    geoservice.erase_words(uuid[], text), geoservice.run_retention(integer), geoservice.retention_due(),
    geoservice.retention_due_after(text, integer, integer),
    geoservice.renew_working_time(), geoservice.next_due(), geoservice.number_outbox(integer, boolean), geoservice.forget_told(integer),
    geoservice.gather_figures(integer), geoservice.take_up_tile_changes(text, integer), geoservice.tile_state(integer, text, integer, integer, integer, geometry),
    geoservice.tile_drawn_by(bigint, integer, geometry), geoservice.lock_drawing(integer),
    geoservice.begin_change(text, text, text, bigint), geoservice.changed_since(bigint), geoservice.undo_change(bigint, text), geoservice.look_over_layer(text),
    geoservice.create_layer(text, jsonb, text[], integer, integer, text[]), geoservice.drop_layer(text, text),
    geoservice.is_in_force(geoservice.access_grant), geoservice.gives_until(text, integer), geoservice.note_ended_rights(integer),
    geoservice.note_audit(text, integer, jsonb, text), geoservice.seal_audit(integer), geoservice.audit_line(geoservice.audit_entry),
    geoservice.fingerprints()  -- of the keys, too
    TO geoservice_app;
