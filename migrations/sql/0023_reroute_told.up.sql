-- That a person is to decide whose an incident is, is told with its jurisdiction, service and officer: without them neither that
-- officer heard of it nor anybody who asked for one of them.

-- As before (0022), with the three.
-- Carry out moves: each feature is looked up anew by its own trigger, so that a wrong list could move nothing wrongly.
CREATE OR REPLACE FUNCTION geoservice.carry_out(jurisdiction integer, moved geoservice.move[], instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE building AS b SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'building' AND b.id = m.id::bigint;
    UPDATE household AS h SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'household' AND h.id = m.id::uuid AND h.building_code IS NULL;
    UPDATE camera AS c SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'camera' AND c.id = m.id::bigint;
    UPDATE organisation AS n SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'organisation' AND n.id = m.id::bigint;
    UPDATE incident AS i  -- later in any case: a report may have come in since this transaction began
       SET routed_at = greatest(instant, i.routed_at + interval '1 microsecond'),
           overrule_grid_code = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_grid_code END,
           overrule_reason = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_reason END
      FROM unnest(moved) AS m
     WHERE m.kind = 'incident' AND i.id = m.id::uuid;
    INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code,
                                edition_id, reason, jurisdiction_id, service_code, officer_code)
    SELECT i.id, actor(), 'reroute proposed', i.status, i.status, i.grid_code, m.to_grid,
           edition_at(jurisdiction, instant), 'Its place belongs to another grid now; a person decides.',
           i.jurisdiction_id, i.service_code, i.officer_code
      FROM unnest(moved) AS m JOIN incident AS i ON i.id = m.id::uuid
     WHERE m.kind = 'undecided';
    INSERT INTO enactment AS a (jurisdiction_id, edition_id)
    SELECT carry_out.jurisdiction, now_in_force FROM edition_at(jurisdiction, instant) AS now_in_force
     WHERE now_in_force IS NOT NULL
        ON CONFLICT (jurisdiction_id) DO UPDATE SET edition_id = excluded.edition_id;
    RETURN (SELECT count(*) FROM unnest(moved) AS m WHERE m.kind NOT IN ('incident', 'undecided'));
END $$;
