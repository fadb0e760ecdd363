-- Working time: when people work, how long a matter may take, and when it is late.

-- When a jurisdiction works on a day of the week, local time. 1 is Monday (ISO 8601).
CREATE TABLE geoservice.working_hours (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens time NOT NULL,
    closes time NOT NULL CHECK (closes > opens),
    PRIMARY KEY (jurisdiction_id, weekday, opens),
    CONSTRAINT working_hours_do_not_overlap EXCLUDE USING gist (jurisdiction_id WITH =, weekday WITH =,
        numrange(extract(epoch FROM opens), extract(epoch FROM closes)) WITH &&)
);

-- Days that are not as their weekday: a holiday, or a day on which is worked like on another weekday.
CREATE TABLE geoservice.calendar_day (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    day date NOT NULL CHECK (isfinite(day)),
    works_like smallint CHECK (works_like BETWEEN 1 AND 7),  -- null: nobody works
    label text NOT NULL CHECK (geoservice.is_name(label)),
    PRIMARY KEY (jurisdiction_id, day)
);

-- The two laid out: each stretch of work, and how many seconds were worked before it. Only the function below writes here.
CREATE TABLE geoservice.working_span (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    opens timestamptz NOT NULL,
    closes timestamptz NOT NULL CHECK (closes > opens),
    worked_before_s double precision NOT NULL,
    PRIMARY KEY (jurisdiction_id, opens),
    UNIQUE (jurisdiction_id, worked_before_s)
);

-- Lay a jurisdiction's calendar out, from three months ago, or earlier if it was, to two years from now.
CREATE FUNCTION geoservice.lay_out_working_time(jurisdiction integer, since date DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    zone text;
    first_day date;
    last_day CONSTANT date := (now() + interval '2 years')::date;
BEGIN
    SELECT j.time_zone, least((now() - interval '3 months')::date, since, (SELECT min(s.opens)::date FROM working_span AS s
                                                                   WHERE s.jurisdiction_id = jurisdiction))
      INTO zone, first_day FROM jurisdiction AS j WHERE j.id = jurisdiction FOR NO KEY UPDATE;
    DELETE FROM working_span AS s WHERE s.jurisdiction_id = jurisdiction;
    INSERT INTO working_span (jurisdiction_id, opens, closes, worked_before_s)
    SELECT jurisdiction, d.opens, d.closes,
           coalesce(sum(extract(epoch FROM d.closes - d.opens)) OVER (
               ORDER BY d.opens ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
      FROM (
        SELECT (g.midnight::date + h.opens) AT TIME ZONE zone AS opens, (g.midnight::date + h.closes) AT TIME ZONE zone AS closes
          FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') AS g (midnight)
          LEFT JOIN calendar_day AS c ON c.jurisdiction_id = jurisdiction AND c.day = g.midnight::date
          JOIN working_hours AS h ON h.jurisdiction_id = jurisdiction
           AND h.weekday = CASE WHEN c.day IS NULL THEN extract(isodow FROM g.midnight) ELSE c.works_like END
      ) AS d
     WHERE d.closes > d.opens;  -- a clock that is put forward can swallow a stretch
END $$;

-- Who changes hours or days changes the layout.
CREATE FUNCTION geoservice.keep_working_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    changed integer;
BEGIN
    FOR changed IN SELECT DISTINCT c.jurisdiction_id FROM changed_rows AS c
                     JOIN jurisdiction AS j ON j.id = c.jurisdiction_id LOOP
        PERFORM lay_out_working_time(changed);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER lay_out_after_insert AFTER INSERT ON geoservice.working_hours REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_update AFTER UPDATE ON geoservice.working_hours REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_delete AFTER DELETE ON geoservice.working_hours REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_insert AFTER INSERT ON geoservice.calendar_day REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_update AFTER UPDATE ON geoservice.calendar_day REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_delete AFTER DELETE ON geoservice.calendar_day REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();

-- A jurisdiction begins with eight hours a day, Monday to Friday; its own hours replace them.
CREATE FUNCTION geoservice.begin_working_hours() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO working_hours (jurisdiction_id, weekday, opens, closes)
    SELECT new.id, weekday, stretch.opens, stretch.closes
      FROM generate_series(1, 5) AS weekday,
           (VALUES (time '08:30', time '12:30'), (time '14:00', time '18:00')) AS stretch (opens, closes);
    RETURN NULL;
END $$;
CREATE TRIGGER begin_working_hours AFTER INSERT ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.begin_working_hours();

-- Local hours are other instants in another time zone.
CREATE FUNCTION geoservice.follow_time_zone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lay_out_working_time(new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER follow_time_zone AFTER UPDATE OF time_zone ON geoservice.jurisdiction
    FOR EACH ROW WHEN (new.time_zone <> old.time_zone) EXECUTE FUNCTION geoservice.follow_time_zone();

-- Seconds worked from the beginning of the layout to an instant; no row before it and where nobody works. The planner takes this
-- and work_done into the query that asks; the functions without a row are for whoever asks about one instant.
CREATE FUNCTION geoservice.worked(jurisdiction integer, instant timestamptz, OUT worked_s double precision)
RETURNS SETOF double precision
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.worked_before_s + extract(epoch FROM least(s.closes, instant) - s.opens)
      FROM geoservice.working_span AS s
     WHERE s.jurisdiction_id = jurisdiction AND s.opens <= instant
     ORDER BY s.opens DESC LIMIT 1;
END;

CREATE FUNCTION geoservice.worked_s(jurisdiction integer, instant timestamptz) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT w.worked_s FROM geoservice.worked(jurisdiction, instant) AS w);

-- When so many seconds of work are done that begin at an instant. What ends with a stretch ends then, not when the next begins.
-- Null or no row beyond the layout, where nobody knows the holidays yet.
CREATE FUNCTION geoservice.work_done(jurisdiction integer, begins timestamptz, work_s double precision, OUT done_at timestamptz)
RETURNS SETOF timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN s.opens + make_interval(secs => t.target_s - s.worked_before_s) <= s.closes
                THEN s.opens + make_interval(secs => t.target_s - s.worked_before_s) END
      FROM (SELECT w.worked_s + work_s AS target_s FROM geoservice.worked(jurisdiction, begins) AS w) AS t,
           LATERAL (SELECT n.opens, n.closes, n.worked_before_s FROM geoservice.working_span AS n
                     WHERE n.jurisdiction_id = jurisdiction AND n.worked_before_s < t.target_s
                     ORDER BY n.worked_before_s DESC LIMIT 1) AS s;
END;

CREATE FUNCTION geoservice.work_done_at(jurisdiction integer, begins timestamptz, work_s double precision)
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT d.done_at FROM geoservice.work_done(jurisdiction, begins, work_s) AS d);

-- The clock of an incident starts with the report. After `route`, by name. Every arrival passes here: without settings of its
-- own it takes a third of the time.
CREATE FUNCTION geoservice.time_arrival() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    limit_s CONSTANT double precision := geoservice.limit_s(new.jurisdiction_id, new.service_code);
BEGIN
    new.overdue_at := NULL;
    new.work_left_s := NULL;
    new.expected_at := CASE WHEN limit_s IS NOT NULL
                            THEN geoservice.work_done_at(new.jurisdiction_id, new.reported_at, limit_s) END;
    RETURN new;
END $$;
CREATE TRIGGER time_arrival BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.time_arrival();

-- It stands while the matter is returned or waits for its reporter, ends when it is resolved, and starts anew when it is
-- reopened. After `route`, by name: another grid may have made it another status, and another officer's.
CREATE FUNCTION geoservice.time_incident() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    ran CONSTANT boolean := clock_runs(old.status) AND old.waiting_since IS NULL;
    runs CONSTANT boolean := clock_runs(new.status) AND new.waiting_since IS NULL;
BEGIN
    IF (new.status, new.officer_code) IS DISTINCT FROM (old.status, old.officer_code) THEN
        new.set_out_at := NULL;
    END IF;
    IF new.step_rule = 'reopened' AND old.status <> new.status THEN
        new.overdue_at := NULL;
        new.work_left_s := NULL;
        new.expected_at := work_done_at(
            new.jurisdiction_id, clock_timestamp(), limit_s(new.jurisdiction_id, new.service_code));
        RETURN new;
    END IF;
    new.expected_at := old.expected_at;
    new.work_left_s := old.work_left_s;
    IF new.step_rule = 'overdue' AND (old.overdue_at IS NOT NULL OR NOT coalesce(old.expected_at < now(), false)) THEN
        new.overdue_at := old.overdue_at;  -- it is not late, or that is known
    END IF;
    IF ran AND NOT runs AND (new.status = 'returned' OR new.waiting_since IS NOT NULL) AND old.expected_at IS NOT NULL THEN
        new.work_left_s := worked_s(new.jurisdiction_id, old.expected_at) - worked_s(new.jurisdiction_id, clock_timestamp());
        new.expected_at := NULL;
    ELSIF runs AND NOT ran AND old.work_left_s IS NOT NULL THEN
        new.expected_at := CASE WHEN old.work_left_s > 0
                                THEN work_done_at(new.jurisdiction_id, clock_timestamp(), old.work_left_s)
                                ELSE clock_timestamp() END;
        new.work_left_s := NULL;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER time_incident BEFORE UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.time_incident();

-- Find what is late and was not found before, and say so in its history, which the dispatcher hears of.
CREATE FUNCTION geoservice.mark_overdue(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH late AS (
        SELECT i.id FROM incident AS i
         WHERE i.expected_at < now() AND i.overdue_at IS NULL AND clock_runs(i.status)
         ORDER BY i.expected_at LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET overdue_at = now() FROM late WHERE i.id = late.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;

-- The layout reaches far enough for every limit; once a year it is carried on.
CREATE FUNCTION geoservice.renew_working_time() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due integer;
    done integer := 0;
BEGIN
    FOR due IN SELECT s.jurisdiction_id FROM working_span AS s GROUP BY s.jurisdiction_id
               HAVING max(s.closes) < now() + interval '1 year' LOOP
        PERFORM lay_out_working_time(due);
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;
