"""The schema as it is: one file a noun, every object once. A fresh database is made from them.

A function in PL/pgSQL is looked at when it runs, so it may stand before what it asks. Everything else must find what it
names: a table the tables it refers to and the functions of its CHECKs, a function its types and, when it is written in
SQL, all that its body names.
"""

from importlib.resources import files

#: In the order in which an empty database takes them.
NAMES = (
    "roles",  # of the cluster: all rights name them
    "ground",  # extensions, the schema: all stand on it
    "values",  # what CHECKs ask
    "distances",
    "antimeridian",  # distances across it
    "jurisdictions",  # nearly every table belongs to one
    "scopes",  # which name one, in grants of logins
    "editions",  # of a jurisdiction
    "grids",  # of an edition
    "locks",
    "territory",  # what editions put in force
    "ownership",  # its questions are standard SQL and name territory
    "layers",  # their trigger functions; each of those that follow attaches itself
    "changes",  # of layers
    "tiles",  # of layers
    "own_layers",  # which people make, with all of that
    "basemap",
    "buildings",
    "households",  # live in buildings
    "cameras",
    "organisations",
    "staff",
    "api_keys",
    "accounts",
    "grants",  # of accounts and keys; name staff
    "services",
    "incidents",  # name services and staff
    "history",  # of incidents
    "lifecycle",
    "routing",  # takes a line of a history for an argument
    "working_time",
    "intake",  # asks who is posted, and by when it is due
    "visits",  # name staff; their place has an owner
    "outbox",  # listens to the history
    "moves",  # its type is what publishing deals in
    "previews",
    "publishing",
    "drafting",  # a view of grids, and what logs them
    "four_eyes",  # who drew a draft
    "webhooks",
    "retention",  # of incidents, their histories, deliveries, sessions
    "ended_rights",  # of grants, accounts, keys and logins
    "clock",  # is woken by incidents and webhooks
    "announcements",  # fingerprints name postings and keys
    "served",  # views of layers, households and incidents among them
    "figures",  # of grids as they are served
    "audit",  # listens to all that is administered: the schema itself is no entry
    "rights",  # grants on all of the above
    "row_policies",  # and which rows
)


def names() -> tuple[str, ...]:
    """Return every file in order: those of layers of one's own come after all that they may refer to."""
    folder = files("migrations").joinpath("schema")
    found = {path.name.removesuffix(".sql") for path in folder.iterdir() if path.name.endswith(".sql")}
    place = NAMES.index("served")
    return (*NAMES[:place], *sorted(found - set(NAMES)), *NAMES[place:])


def statements() -> str:
    """Return the SQL that makes the schema in an empty database."""
    return "\n".join(map(_text, names()))


def roles() -> str:
    """Return the SQL that makes the group roles and their memberships, which a cluster has and no database."""
    return _text("roles")


def _text(name: str) -> str:
    return files("migrations").joinpath("schema", f"{name}.sql").read_text(encoding="utf-8")
