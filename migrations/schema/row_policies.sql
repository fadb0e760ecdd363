-- Which rows whom: the second wall, behind the guards of the doors (geoservice/auth/permissions.py). For each table that holds more
-- than the map: a line a role. Roles (scopes.sql):
--   geoservice_everywhere   whoever runs the service, programs for all jurisdictions, what is told as counts
--   geoservice_within       those who work in some jurisdictions
--   geoservice_officer      an officer: what his grids have today, and what he was named for
--   geoservice_several      an officer who is something else beside it, there or elsewhere: what both of these see
--   geoservice_visitor      nobody known: what is open to all, and the report whose token is shown
--   geoservice_analyst, geoservice_reader   logins of people, by their grants
-- geoservice_app itself has none: whoever did not choose sees nothing. The owner of the tables sees all, and so do the functions
-- that run as it.

DO $$
DECLARE
    within CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.scope_jurisdictions())::integer[])';
    handled CONSTANT text := '(NOT sensitive OR geoservice.is_told_sensitive(jurisdiction_id, grid_code, officer_code,'
                             ' (SELECT geoservice.scope_grids())))';
    drawn CONSTANT text := '(geoservice.was_published(status) OR geoservice.is_told(''drafts'', jurisdiction_id))';
    post CONSTANT text := 'jurisdiction_id = (SELECT geoservice.scope_post())';
    named CONSTANT text := post || ' AND (grid_code = ANY ((SELECT geoservice.scope_grids())::text[])'
                           ' OR %I = (SELECT geoservice.scope_staff()))';  -- of an officer's grids, or himself in this column
    own CONSTANT text := post || ' AND grid_code = ANY ((SELECT geoservice.scope_grids())::text[])';
    told CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.told_jurisdictions(%L))::integer[])';
    granted CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.login_jurisdictions())::integer[])';
    seen CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.seen_jurisdictions(false))::integer[])';
    home text;
    own_column text;
    login text;
BEGIN
    -- Whoever runs the service.
    FOREACH home IN ARRAY ARRAY['incident', 'incident_event', 'household', 'household_history', 'visit', 'staff', 'posting', 'webhook',
                                'delivery', 'outbox', 'edition', 'draft_step', 'draft_change', 'decision', 'preview',
                                'change', 'change_count', 'account', 'session', 'second_factor', 'recovery_code', 'pending_sign_in', 'account_link',
                                'provider_sign_in', 'erasure', 'retention_run', 'access_grant'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_everywhere', 'true', 'true');
    END LOOP;
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_everywhere', handled, 'true');
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_everywhere', drawn, 'true');

    -- Incidents. A report may come from anywhere: where it belongs is the trigger's.
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_within', within || ' AND ' || handled, within);
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_officer', format(named, 'officer_code'), post);
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_visitor',
        'id = ANY ((SELECT geoservice.followed())::uuid[])'
        ' OR (NOT sensitive AND jurisdiction_id = ANY ((SELECT geoservice.open_jurisdictions())::integer[]))');
    CREATE POLICY geoservice_visitor_insert ON geoservice.incident FOR INSERT TO geoservice_visitor WITH CHECK (true);
    CREATE POLICY geoservice_visitor_update ON geoservice.incident FOR UPDATE TO geoservice_visitor
        USING (id = ANY ((SELECT geoservice.followed())::uuid[]));
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_analyst', granted, granted);

    -- What became of them: whoever sees an incident sees its history.
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer', 'geoservice_visitor'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.incident_event', home,
            'EXISTS (SELECT FROM geoservice.incident AS i WHERE i.id = incident_id)');
    END LOOP;

    -- That words were erased, and how much retention took away.
    PERFORM geoservice.set_row_policy('geoservice.erasure', 'geoservice_within', within);
    PERFORM geoservice.set_row_policy('geoservice.retention_run', 'geoservice_within', within);

    -- Households: counts, for those who are told of single ones there, and for those who draw grids of so many.
    PERFORM geoservice.set_row_policy('geoservice.household', 'geoservice_within',
        format(told, 'households') || ' OR ' || format(told, 'drafts'), within);
    PERFORM geoservice.set_row_policy('geoservice.household', 'geoservice_officer', own, own);
    PERFORM geoservice.set_row_policy('geoservice.household_history', 'geoservice_within', format(told, 'households'));
    PERFORM geoservice.set_row_policy('geoservice.household_history', 'geoservice_officer', post);

    -- Staff, and what they did.
    PERFORM geoservice.set_row_policy('geoservice.staff', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.staff', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_analyst', granted);
    PERFORM geoservice.set_row_policy('geoservice.visit', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.visit', 'geoservice_officer',
        format(named, 'staff_code'), post || ' AND staff_code = (SELECT geoservice.scope_staff())');

    -- Whoever is an officer and something else beside it sees all of these where that reads incidents: else he would see by two roles
    -- what neither reads. Who is told of sensitive reports is who reads them.
    FOR home, own_column IN VALUES ('incident', 'officer_code'), ('visit', 'staff_code') LOOP
        EXECUTE format('CREATE POLICY geoservice_several_read ON geoservice.%I AS RESTRICTIVE FOR SELECT TO geoservice_several USING (%s)',
                       home, format(told, 'sensitive') || ' OR (' || format(named, own_column) || ')');
    END LOOP;

    -- What was changed of layers, in the jurisdictions where it was.
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_within', within);
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_analyst', granted);
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer', 'geoservice_analyst'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.change', home,
            'EXISTS (SELECT FROM geoservice.change_count AS n WHERE n.change_id = id)');
    END LOOP;

    -- What is told to other systems. A webhook of all jurisdictions is for whoever runs the service.
    PERFORM geoservice.set_row_policy('geoservice.webhook', 'geoservice_within', format(told, 'webhooks'), format(told, 'webhooks'));
    PERFORM geoservice.set_row_policy('geoservice.delivery', 'geoservice_within',
        'EXISTS (SELECT FROM geoservice.webhook AS w WHERE w.id = webhook_id)',
        'EXISTS (SELECT FROM geoservice.webhook AS w WHERE w.id = webhook_id)');
    PERFORM geoservice.set_row_policy('geoservice.outbox', 'geoservice_within', within || ' OR jurisdiction_id IS NULL');

    -- Who did what: of their jurisdiction, for those whose role it is (READ_AUDIT in geoservice/auth/permissions.py).
    PERFORM geoservice.set_row_policy('geoservice.audit_entry', 'geoservice_everywhere', 'true');
    PERFORM geoservice.set_row_policy('geoservice.audit_seal', 'geoservice_everywhere', 'true');
    PERFORM geoservice.set_row_policy('geoservice.audit_entry', 'geoservice_within', format(told, 'audit'));
    PERFORM geoservice.set_row_policy('geoservice.audit_seal', 'geoservice_within',
        'EXISTS (SELECT FROM geoservice.audit_entry AS e WHERE e.id = entry_id)');

    -- What was in force is public; a draft is for those who work on it.
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_app', 'geoservice.was_published(status)');
    CREATE POLICY geoservice_visitor_not_closed ON geoservice.edition AS RESTRICTIVE FOR SELECT TO geoservice_visitor
        USING (jurisdiction_id <> ALL ((SELECT geoservice.closed_jurisdictions())::integer[]));
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer'] LOOP  -- who works elsewhere is a visitor here
        EXECUTE format('CREATE POLICY %I ON geoservice.edition AS RESTRICTIVE FOR SELECT TO %I USING (%s OR %s OR jurisdiction_id <> ALL'
                       ' ((SELECT geoservice.closed_jurisdictions())::integer[]))', home || '_not_closed', home, within, post);
    END LOOP;
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_within', within || ' AND ' || drawn, within);
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_reader', 'geoservice.was_published(status) AND ' || seen);
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_analyst',
        granted || ' OR (geoservice.was_published(status) AND ' || seen || ')', granted);
    FOREACH home IN ARRAY ARRAY['draft_step', 'decision', 'preview'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_within',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)');
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_analyst',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)');
    END LOOP;
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_analyst'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.draft_change', home,
            'EXISTS (SELECT FROM geoservice.draft_step AS s WHERE s.id = step_id)');
    END LOOP;

    -- What is not about people, and of editions what belongs to those that are seen. Tables that are written by COPY, those of
    -- layers and grids and the inbox, have no row policies: PostgreSQL copies into none that has. Histories have (attach_layer).
    PERFORM geoservice.show_logins('geoservice.jurisdiction', 'id', singly => false);
    FOREACH home IN ARRAY ARRAY['territory', 'edition_period', 'service', 'working_hours', 'calendar_day', 'working_span'] LOOP
        PERFORM geoservice.show_logins(format('geoservice.%I', home)::regclass, 'jurisdiction_id', singly => false);
    END LOOP;
    FOREACH home IN ARRAY ARRAY['finding', 'reassigned_code', 'grid_lineage'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_app', 'true', 'true');
        FOREACH login IN ARRAY ARRAY['geoservice_reader', 'geoservice_analyst'] LOOP
            PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, login,
                'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)',
                CASE login WHEN 'geoservice_analyst' THEN
                    'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id AND e.' || granted || ')' END);
        END LOOP;
    END LOOP;
END $$;
