-- Four eyes: where a jurisdiction says so, who had a hand in a draft can neither publish it nor confirm its outline, by whatever door.

-- The person or program behind the name of a history: without the role in front, dispatcher:desk-1 is desk-1 as admin:desk-1 is.
CREATE FUNCTION geoservice.person_of(named text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(named, '^[^:]*:', '');

-- By whatever somebody is known who is named so in a history of a jurisdiction: his name, and the member of its staff whom his account or
-- his key was granted something as, at any time. So one person is one, by whichever of his accounts and keys he acts.
CREATE FUNCTION geoservice.known_as(named text, jurisdiction integer) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT g.staff_code FROM access_grant AS g
                  WHERE (g.login = person_of(named) OR g.key_id = person_of(named))
                    AND g.jurisdiction_id = known_as.jurisdiction AND g.staff_code IS NOT NULL) || person_of(named);
END $$;

-- Note that whoever acts has a hand in a draft.
CREATE FUNCTION geoservice.note_drawer(edition bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET drawn_by = e.drawn_by || actor()
     WHERE e.id = note_drawer.edition AND e.status = 'draft' AND actor() <> ALL (e.drawn_by);
END $$;

-- Note that a draft took over what those drew who had a hand in another one.
CREATE FUNCTION geoservice.take_over_drawers(edition bigint, other bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF NOT (SELECT may_write(e.jurisdiction_id) FROM edition AS e WHERE e.id = take_over_drawers.edition) THEN
        RAISE EXCEPTION 'The draft belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    UPDATE edition AS e SET drawn_by = e.drawn_by || ARRAY(SELECT w.who FROM unnest(o.drawn_by) AS w (who) WHERE w.who <> ALL (e.drawn_by))
      FROM edition AS o
     WHERE e.id = take_over_drawers.edition AND e.status = 'draft' AND o.id = take_over_drawers.other;
END $$;

-- Whether somebody, as histories name him, had a hand in a draft whose jurisdiction wants four eyes.
CREATE FUNCTION geoservice.is_own_draft(draft geoservice.edition, named text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN (SELECT j.four_eyes FROM jurisdiction AS j WHERE j.id = draft.jurisdiction_id)
       AND EXISTS (SELECT FROM unnest(draft.drawn_by) AS w (who)
                    WHERE known_as(w.who, draft.jurisdiction_id) && known_as(named, draft.jurisdiction_id));
END $$;

-- Those who had a hand in a draft, as a sentence lists them: 20 at most, and how many more there are.
CREATE FUNCTION geoservice.drawers_told(draft geoservice.edition) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_string((draft).drawn_by[1:20], ', ')
    || CASE WHEN cardinality((draft).drawn_by) > 20 THEN format(' and %s more', cardinality((draft).drawn_by) - 20) ELSE '' END;

-- Raise when whoever acts confirms the outline of his own draft.
CREATE FUNCTION geoservice.require_confirmed_by_another(draft geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF is_own_draft(draft, actor()) THEN
        RAISE EXCEPTION 'Edition % was drawn by %, and its jurisdiction wants four eyes: who had a hand in a draft does not confirm its outline.',
            draft.id, drawers_told(draft)
            USING ERRCODE = 'GS413', HINT = 'Give the outline without a reason, and have somebody else confirm it.';
    END IF;
END $$;

-- Raise when whoever acts publishes his own draft, or its outline was confirmed by somebody who had a hand in it.
CREATE FUNCTION geoservice.require_published_by_another(draft geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF is_own_draft(draft, actor()) THEN
        RAISE EXCEPTION 'Edition % was drawn by %, and its jurisdiction wants four eyes: who had a hand in a draft does not publish it.',
            draft.id, drawers_told(draft)
            USING ERRCODE = 'GS413', HINT = 'Have somebody else look at its preview and publish it.';
    ELSIF is_own_draft(draft, draft.outline_confirmed_by) THEN
        RAISE EXCEPTION 'The outline of edition % was confirmed by %, who had a hand in the draft, and its jurisdiction wants four eyes.',
            draft.id, draft.outline_confirmed_by
            USING ERRCODE = 'GS413', HINT = 'Have somebody else than ' || drawers_told(draft) || ' confirm it anew, validate it, then publish.';
    END IF;
END $$;
