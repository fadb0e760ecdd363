-- Who keeps a copy of what look-ups need (grids in force, postings, keys, own layers) learns here when it is out of date: by a
-- notification, and, since notifications can be lost, by comparing fingerprints now and then.

-- Fingerprints of the four things that are kept in memory: equal text, equal content.
-- Published editions never change, so their ids and periods say what is in force. xmin: by which transaction the row was
-- written last, which stands for its outline.
-- Asked once a second by every web worker: in PL/pgSQL the plan is kept, which is more than half of what it costs.
CREATE FUNCTION geoservice.fingerprints(OUT editions text, OUT postings text, OUT keys text, OUT layers text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    SELECT q.editions, q.postings, q.keys, q.layers INTO editions, postings, keys, layers FROM (
    SELECT
        (SELECT md5(string_agg(concat_ws('|', j.id, j.code, j.xmin, j.time_zone, j.snap_tolerance_m, j.accuracy_m,
                    (SELECT string_agg(concat_ws(' ', e.id, extract(epoch FROM e.valid_from),
                            coalesce(extract(epoch FROM e.valid_to)::text, '-')), ',' ORDER BY e.id)
                       FROM geoservice.edition AS e
                      WHERE e.jurisdiction_id = j.id AND geoservice.was_published(e.status))), ';' ORDER BY j.id))
           FROM geoservice.jurisdiction AS j),
        (SELECT md5(string_agg(concat_ws('|', p.id, p.jurisdiction_id, p.grid_code, p.role, p.valid_from,
                    coalesce(p.valid_to::text, '-'), s.code, s.call_sign), ';' ORDER BY p.id))
           FROM geoservice.posting AS p
           JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code),
        (SELECT md5(string_agg(concat_ws('|', k.id, encode(k.secret_sha256, 'hex'),
                    (SELECT string_agg(concat_ws(' ', g.id, g.valid_from, coalesce(g.valid_to::text, '-'), coalesce(g.revoked_at::text, '-')), ','
                                       ORDER BY g.id) FROM geoservice.access_grant AS g WHERE g.key_id = k.id),
                    coalesce(k.expires_at::text, '-'), coalesce(k.revoked_at::text, '-'), k.networks,
                    encode(k.previous_sha256, 'hex'), k.previous_until), ';' ORDER BY k.id))
           FROM geoservice.api_key AS k),
        (SELECT md5(string_agg(concat_ws('|', l.id, l.xmin), ';' ORDER BY l.id)) FROM geoservice.layer AS l WHERE l.description IS NOT NULL)
    ) AS q (editions, postings, keys, layers);
END $$;

-- One notification for each statement that touches them, sent with its commit; the payload is the table's name.
CREATE FUNCTION geoservice.announce_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('geoservice_changed', tg_table_name);
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER UPDATE OF status, valid_from, valid_to ON geoservice.edition
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.staff
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.posting
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.api_key
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.access_grant
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.layer
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
