"""What the catalogue of a database says of everything that is ours in it, as text by which two databases are compared.

Ours is what stands in the schemas geoservice and public and belongs to no extension. Columns are described by name:
their order means nothing. Rights are written out, an owner's own and what PUBLIC has when nobody said anything, too.
"""

from __future__ import annotations

import psycopg

#: What the queries below ask, for the session that describes.
SHARED = """
    CREATE OR REPLACE FUNCTION pg_temp.rights(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS $$
        SELECT string_agg(
                   concat(coalesce(r.rolname, 'PUBLIC'), '=', a.privilege_type,
                          CASE WHEN a.is_grantable THEN '*' END, '/', a.grantor::regrole),
                   ' ' ORDER BY r.rolname, a.privilege_type, a.grantor)
          FROM aclexplode(coalesce(acl, acldefault(kind, owner))) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    $$;
    CREATE OR REPLACE TEMPORARY VIEW ours AS
    SELECT c.*, c.oid::regclass::text AS name FROM pg_class AS c
     WHERE c.relnamespace IN ('geoservice'::regnamespace, 'public'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""

#: One query a kind of object. Each gives a name and what is to be said of it.
QUERIES = {
    "extension": """
        SELECT e.extname, concat_ws(' ', e.extnamespace::regnamespace, e.extversion) FROM pg_extension AS e
    """,
    "schema": """
        SELECT n.nspname,
               concat_ws(E'\n', 'owner ' || n.nspowner::regrole, pg_temp.rights(n.nspacl, 'n', n.nspowner),
                   obj_description(n.oid, 'pg_namespace'))
          FROM pg_namespace AS n WHERE n.nspname = 'geoservice'
    """,
    "relation": """
        SELECT c.name,
               concat_ws(E'\n', c.relkind::text || c.relpersistence::text, 'owner ' || c.relowner::regrole,
                   c.reloptions::text, CASE WHEN c.relrowsecurity THEN 'row security' END,
                   CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                   pg_temp.rights(c.relacl, 'r', c.relowner), obj_description(c.oid, 'pg_class'),
                   CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END)
          FROM pg_temp.ours AS c WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
    """,
    "column": """
        SELECT c.name || '.' || a.attname,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                   'collate ' || nullif(a.attcollation, 0)::regcollation,
                   CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
                   'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
                   'storage ' || a.attstorage::text, 'compression ' || nullif(a.attcompression::text, ''),
                   'options ' || a.attoptions::text,
                   pg_temp.rights(a.attacl, 'c', c.relowner), col_description(c.oid, a.attnum))
          FROM pg_temp.ours AS c
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'c')
    """,
    "constraint": """
        SELECT c.name || '.' || n.conname,
               concat_ws(' ', pg_get_constraintdef(n.oid), CASE WHEN NOT n.convalidated THEN 'not validated' END,
                   CASE WHEN n.connoinherit THEN 'no inherit' END, obj_description(n.oid, 'pg_constraint'))
          FROM pg_temp.ours AS c JOIN pg_constraint AS n ON n.conrelid = c.oid
    """,
    "index": """
        SELECT c.name,
               concat_ws(E'\n', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'not valid' END,
                   CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'identity' END,
                   obj_description(c.oid, 'pg_class'))
          FROM pg_temp.ours AS c JOIN pg_index AS i ON i.indexrelid = c.oid
    """,
    "trigger": """
        SELECT c.name || '.' || t.tgname,
               concat_ws(E'\n', pg_get_triggerdef(t.oid), 'enabled ' || t.tgenabled::text,
                   obj_description(t.oid, 'pg_trigger'))
          FROM pg_temp.ours AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
    """,
    "function": """
        SELECT p.oid::regprocedure::text,
               concat_ws(E'\n', pg_get_functiondef(p.oid), 'owner ' || p.proowner::regrole,
                   pg_temp.rights(p.proacl, 'f', p.proowner), obj_description(p.oid, 'pg_proc'))
          FROM pg_proc AS p WHERE p.pronamespace = 'geoservice'::regnamespace AND p.prokind <> 'a'
    """,
    # A composite type's attributes are columns above. The types that tables bring along say nothing of their own.
    "type": """
        SELECT t.oid::regtype::text,
               concat_ws(E'\n', t.typtype::text, 'owner ' || t.typowner::regrole,
                   pg_temp.rights(t.typacl, 'T', t.typowner), format_type(nullif(t.typbasetype, 0), t.typtypmod),
                   t.typdefault,
                   (SELECT string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder)
                      FROM pg_enum AS e WHERE e.enumtypid = t.oid),
                   (SELECT string_agg(pg_get_constraintdef(n.oid), ' ' ORDER BY n.conname)
                      FROM pg_constraint AS n WHERE n.contypid = t.oid),
                   obj_description(t.oid, 'pg_type'))
          FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
         WHERE t.typnamespace = 'geoservice'::regnamespace AND t.typelem = 0 AND coalesce(c.relkind, 'c') = 'c'
    """,
    "sequence": """
        SELECT c.name,
               concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                   s.seqcycle, 'owner ' || c.relowner::regrole, pg_temp.rights(c.relacl, 's', c.relowner),
                   (SELECT 'of ' || d.refobjid::regclass || '.' || a.attname
                      FROM pg_depend AS d
                      JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')),
                   obj_description(c.oid, 'pg_class'))
          FROM pg_temp.ours AS c JOIN pg_sequence AS s ON s.seqrelid = c.oid
    """,
    "policy": """
        SELECT c.name || '.' || p.polname,
               concat_ws(' ', p.polcmd::text, p.polpermissive, p.polroles::regrole[]::text,
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
          FROM pg_temp.ours AS c JOIN pg_policy AS p ON p.polrelid = c.oid
    """,
}


def describe(connection: psycopg.Connection) -> dict[str, str]:
    """Return what is to be said of every object, by kind and name: {'function geoservice.actor()': 'CREATE ...', ...}.

    The search path is empty until the end of the connection's transaction, so that every name is written whole.
    """
    connection.execute("SELECT set_config('search_path', '', true)")
    connection.execute(SHARED)
    return {
        f"{kind} {name}": text
        for kind, query in QUERIES.items()
        for name, text in connection.execute(query.encode()).fetchall()
    }


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the names of the objects that are in one description only, or not alike in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
