-- Publishing costs what it changes, tells beforehand what it will move, and moves exactly that, measured from what the features
-- carry, whatever the edition was drawn from.

-- Publish a draft from an instant on, in one transaction: what was in force ends then, features and open incidents are
-- moved. Returns how many buildings, cameras and organisations changed grid, and features of own layers; of households nothing is told.
-- starts: before now corrects what was believed, after now is for that day. seen_revision: of the draft, as the publisher
-- saw it; seen_moves: fingerprint of the preview he saw. Null: not compared.
CREATE FUNCTION geoservice.publish_edition(
    edition bigint, starts timestamptz DEFAULT now(), seen_revision integer DEFAULT NULL, seen_moves text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    before_id bigint;
    moved move[];
    count_moved integer := 0;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM lock_jurisdiction_exclusive(draft.jurisdiction_id);
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    PERFORM require_publishable_now(draft, starts, seen_revision);
    before_id := assigned_by(draft.jurisdiction_id, starts);
    UPDATE edition AS e SET status = 'superseded', valid_to = greatest(e.valid_from, starts)
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND was_published(e.status)
       AND coalesce(e.valid_to, 'infinity') > greatest(e.valid_from, starts);
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;  -- its trigger lays it out
    PERFORM write_lineage(draft.id, draft.base_id);
    IF seen_moves IS NOT NULL OR starts <= now() THEN
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_area(before_id, draft.id)), greatest(starts, now())) AS m);
    END IF;
    IF seen_moves <> fingerprint_of(moved) THEN
        RAISE EXCEPTION 'What publishing edition % would move is no longer what the preview showed.', edition
            USING ERRCODE = 'GS410', HINT = 'Look at a new preview, then publish.';
    END IF;
    IF starts <= now() THEN
        count_moved := apply_moves(draft.jurisdiction_id, moved, now());
    END IF;
    INSERT INTO outbox (topic, jurisdiction_id, payload)
    VALUES ('edition.published', draft.jurisdiction_id, jsonb_build_object(
        'edition', draft.id, 'base', draft.base_id, 'valid_from', starts, 'features_moved', count_moved));
    DELETE FROM preview AS p WHERE p.edition_id = draft.id;
    RETURN count_moved;
END $$;

-- Raise unless a draft may be published at this moment: it is one, as its publisher saw it, drawn from what was published last.
CREATE FUNCTION geoservice.require_publishable_now(draft geoservice.edition, starts timestamptz, seen_revision integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    latest edition%ROWTYPE;
BEGIN
    SELECT * INTO latest FROM edition AS e WHERE e.id = latest_edition(draft.jurisdiction_id);
    IF draft.status <> 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be published.', draft.id, draft.status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF seen_revision <> draft.revision THEN
        RAISE EXCEPTION 'Edition % was edited meanwhile: it is at revision %, not %.', draft.id, draft.revision, seen_revision
            USING ERRCODE = 'GS412', HINT = 'Look at it as it is now, then publish.';
    ELSIF latest.id IS DISTINCT FROM draft.base_id THEN
        RAISE EXCEPTION 'Edition % was published since edition % was drawn (it began from %).', latest.id, draft.id,
            coalesce('edition ' || draft.base_id, 'nothing')
            USING ERRCODE = 'GS409', HINT = 'Rebase the draft on edition ' || latest.id || ', look at a preview, then publish.';
    END IF;
    PERFORM require_published_by_another(draft);
END $$;

-- What publishing a draft from an instant on would move. It is the publication itself, tried and taken back: no
-- second rule could differ from the first. Writers are not kept waiting.
CREATE FUNCTION geoservice.dry_run_publish(edition bigint, starts timestamptz DEFAULT now()) RETURNS geoservice.move[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    before_id bigint;
    moved move[];
BEGIN
    BEGIN
        -- Another dry run, and who publishes, is waited for; writers are not kept waiting.
        PERFORM FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id
          WHERE e.id = dry_run_publish.edition FOR NO KEY UPDATE OF j;
        SELECT * INTO draft FROM edition AS e WHERE e.id = dry_run_publish.edition;
        IF draft.status IS DISTINCT FROM 'draft' THEN
            RAISE EXCEPTION 'Edition % is %; only a draft can be previewed.', edition, coalesce(draft.status, 'unknown')
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        before_id := assigned_by(draft.jurisdiction_id, starts);
        PERFORM apply_edition(edition, starts, clock_timestamp());
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_area(before_id, edition)), greatest(starts, now())) AS m);
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'GS000';
    EXCEPTION WHEN SQLSTATE 'GS000' THEN
        NULL;
    END;
    RETURN moved;
END $$;

-- Do what is due: an edition published for a day to come is in force now, and features still carry the grids of the last.
-- Returns how many jurisdictions it was due in.
CREATE FUNCTION geoservice.apply_due_editions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due record;
    before_id bigint;
    current_id bigint;
    done integer := 0;
    patience CONSTANT text := current_setting('lock_timeout');
BEGIN
    FOR due IN SELECT j.id AS jurisdiction_id
                 FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id
                WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)
                ORDER BY j.id LOOP
        PERFORM FROM jurisdiction AS j WHERE j.id = due.jurisdiction_id FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;  -- somebody publishes, or does this
        BEGIN  -- a writer who takes long is not waited for: whoever asks has more to do, and asks again
            PERFORM set_config('lock_timeout', '100ms', true);
            PERFORM lock_jurisdiction_exclusive(due.jurisdiction_id);
            PERFORM set_config('lock_timeout', patience, true);
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE;
        END;
        SELECT a.edition_id, edition_at(j.id, now()) INTO before_id, current_id
          FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id WHERE j.id = due.jurisdiction_id;
        CONTINUE WHEN current_id = before_id;
        PERFORM apply_moves(due.jurisdiction_id, ARRAY(SELECT m FROM moves(
            due.jurisdiction_id, ARRAY(SELECT changed_area(before_id, current_id)), now()) AS m), now());
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;
