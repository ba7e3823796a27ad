"""What nobody may do, as data: acts, who has the duty to do what, and the rest is forbidden.

An act is a query; `{table}`, `{column}` (its first) and `{key}` (its primary key) are filled in.
`needs` names the rights without which it is forbidden; none: it is forbidden to everybody who can
log in. `trigger`: it is about the trigger that append-only tables have.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# Table: who may do what to it beside reading. Every table and every partition stands here.
DUTIES: Mapping[str, Mapping[str, frozenset[str]]] = {
    table: {f"jejak_{role}": frozenset(rights.split()) for role, rights in duties.items()}
    for table, duties in {
        "record": {"writer": "insert"},
        "record_p0": {},
        "statement_key": {"writer": "insert"},
        "statement_reference": {"writer": "insert"},
        "outcome": {"writer": "insert"},
        "quarantine": {"writer": "insert"},  # and its status, see test_append_only
        "handling": {"writer": "insert"},  # of all columns but the time
        "access": {},  # access_note only
        "party": {"writer": "insert"},
        "erasure": {"writer": "insert"},
        "person": {"writer": "insert"},
        "person_alias": {"writer": "insert"},
        "person_registered": {"writer": "insert"},
        "dictionary": {},
        "event_verb": {},
        "epoch": {},
        "ledger_head": {"writer": "update"},
        "inbox_offset": {"writer": "update"},
        "cursor": {
            "projector": "insert update", "publisher": "insert update", "notary": "insert update",
        },
        "chain": {"publisher": "insert update"},
        "evidence": {"projector": "insert update delete"},
        "profile": {"projector": "insert update delete"},
        "evidence_g1": {},
        "profile_g1": {},
        "refold": {"projector": "insert update delete"},
        "person_merge": {"projector": "insert update delete"},
        "person_split": {"projector": "insert update delete"},
        "change": {"projector": "insert"},
        "change_head": {"projector": "update"},
        "generation": {"projector": "update"},
        "clock": {"projector": "update"},
        "refold_reach": {"projector": "insert update delete"},
        "rebuild": {"projector": "insert update delete"},
        "rebuild_part": {"projector": "insert update delete"},
        "place": {"projector": "insert"},
        "competency": {"projector": "insert update"},
        "served": {"projector": "insert delete"},
        "standing": {"projector": "insert delete"},
        "learning_year": {"projector": "insert delete"},
        "certified": {"projector": "insert delete"},
        "enrolled": {"projector": "insert delete"},
        "required": {"projector": "insert delete"},
        "threshold": {"projector": "insert update"},
        "published": {"projector": "insert"},
        "figure_aside": {"projector": "insert update delete"},
        "checkpoint": {"notary": "insert"},
        "cosignature": {"notary": "insert"},
        "alembic_version": {},
    }.items()
}  # fmt: skip

# Function: a call of it, and who may make it. Every function of the schema stands here.
EVERYBODY = "everybody"
FUNCTIONS: Mapping[str, tuple[str, str | None]] = {
    "inbox_open": ("inbox_open(gen_random_uuid(), 0, 't', 'p', 1)", "jejak_writer"),
    "ledger_make_room": ("ledger_make_room(0)", "jejak_writer"),
    "ledger_unblock": ("ledger_unblock()", "jejak_writer"),
    "ledger_new_epoch": ("ledger_new_epoch(gen_random_uuid(), 0, 'r', 'w')", "jejak_migrator"),
    "access_note": ("access_note('w', 'w', 'p')", "jejak_auditor"),
    "access_chain": ("access_chain('', 0, now(), 'w')", None),
    "ledger_erase": ("ledger_erase(0)", "jejak_eraser"),
    "projection_erase": ("projection_erase(0, 1)", "jejak_projector"),
    "projection_analyze": ("projection_analyze(1)", "jejak_projector"),
    "projection_make_room": ("projection_make_room(2)", "jejak_projector"),
    "projection_drop": ("projection_drop(1)", "jejak_projector"),
    "ledger_is_erasing": ("ledger_is_erasing()", EVERYBODY),
    "ledger_protect": ("ledger_protect('record', 'DELETE')", None),
    "ledger_uuid7": ("ledger_uuid7()", None),
    "own_agency": ("own_agency()", EVERYBODY),
    "jakarta_today": ("jakarta_today()", EVERYBODY),
    # Triggers': nobody can call them.
    "ledger_refuse": ("ledger_refuse()", EVERYBODY),
    "ledger_refuse_but_erasure": ("ledger_refuse_but_erasure()", EVERYBODY),
    "ledger_erase_only": ("ledger_erase_only()", EVERYBODY),
    "outcome_erase_only": ("outcome_erase_only()", EVERYBODY),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A table, its first column, and the constraint that is its primary key."""

    table: str
    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is forbidden to whoever has not every right in `needs`."""

    name: str
    query: str
    needs: frozenset[str] = frozenset()
    trigger: bool = False

    def allowed(self, role: str, table: str) -> bool:
        """Whether it is this role's duty."""
        rights = DUTIES[table].get(role, frozenset())
        return bool(self.needs) and self.needs <= rights

    def on(self, shape: Shape) -> bytes:
        """The query for one table."""
        return self.query.format(table=shape.table, column=shape.column, key=shape.key).encode()


# Acts that change rows.
ROWS = (
    Act("INSERT", "INSERT INTO {table} DEFAULT VALUES", frozenset({"insert"})),
    Act("UPDATE", "UPDATE {table} SET {column} = DEFAULT", frozenset({"update"})),
    Act("DELETE", "DELETE FROM {table}", frozenset({"delete"})),
    Act("TRUNCATE", "TRUNCATE {table}"),
    Act(
        "ON CONFLICT DO UPDATE",
        "INSERT INTO {table} AS t ({column}) VALUES (DEFAULT) "
        "ON CONFLICT ON CONSTRAINT {key} DO UPDATE SET {column} = EXCLUDED.{column}",
        frozenset({"insert", "update"}),
    ),
)
COPY = Act("COPY", "COPY {table} FROM STDIN", frozenset({"insert"}))

# Acts that change what a table is, or who may do what to it.
TABLES = (
    Act("DROP", "DROP TABLE {table} CASCADE"),
    Act("ALTER: another column", "ALTER TABLE {table} ADD COLUMN sly integer"),
    Act("ALTER: another name", "ALTER TABLE {table} RENAME TO sly"),
    Act("ALTER: another owner", "ALTER TABLE {table} OWNER TO jejak_migrator"),
    Act("switch the triggers off", "ALTER TABLE {table} DISABLE TRIGGER ALL"),
    Act(
        "leave the triggers off on replicas",
        "ALTER TABLE {table} ENABLE TRIGGER append_only",
        trigger=True,
    ),
    Act("DROP TRIGGER", "DROP TRIGGER append_only ON {table}", trigger=True),
    Act(
        "CREATE TRIGGER",
        "CREATE TRIGGER sly BEFORE INSERT ON {table} EXECUTE FUNCTION ledger_refuse()",
    ),
    Act("CREATE RULE", "CREATE RULE sly AS ON DELETE TO {table} DO INSTEAD NOTHING"),
    Act("CREATE POLICY", "CREATE POLICY sly ON {table} USING (true)"),
    Act("CREATE INDEX", "CREATE INDEX sly ON {table} ({column})"),
    Act("row security", "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
    Act("without a log", "ALTER TABLE {table} SET UNLOGGED"),
)
DETACH = Act("DETACH", "ALTER TABLE record DETACH PARTITION record_p0")
# An error, or a warning that nothing was granted: in both cases nothing is.
GRANT = Act("GRANT", "GRANT ALL ON {table} TO PUBLIC")

# Acts on the server, the schema, or other roles.
_REPLACED = (
    "CREATE OR REPLACE FUNCTION public.ledger_refuse() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NULL; END'"
)
SERVER = (
    "SET SESSION AUTHORIZATION jejak_owner",
    "SET session_replication_role = replica",
    "GRANT jejak_owner TO CURRENT_USER",
    "ALTER ROLE jejak_owner LOGIN",
    "CREATE ROLE sly",
    "DROP OWNED BY jejak_owner",
    "REASSIGN OWNED BY jejak_owner TO CURRENT_USER",
    "DROP FUNCTION ledger_refuse() CASCADE",
    _REPLACED,
    "CREATE FUNCTION public.sly() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.sly ()",
    "CREATE TEMP TABLE sly ()",
    "CREATE SCHEMA sly",
    "CREATE PUBLICATION sly",
    "CREATE EVENT TRIGGER sly ON sql_drop EXECUTE FUNCTION ledger_refuse()",
    "ALTER SYSTEM SET fsync = off",
    "SELECT lo_import('/etc/hostname')",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_create_physical_replication_slot('sly')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/sly'",
)
# The same by an owner or superuser: what an audit names. The others leave nothing in a database.
SERVER_TRACES: Mapping[str, str] = {
    "ALTER ROLE jejak_owner LOGIN": "role jejak_owner",
    "ALTER ROLE jejak_reader SUPERUSER": "role jejak_reader",
    "CREATE ROLE jejak_sly": "role jejak_sly",
    "GRANT jejak_writer TO jejak_reader": "member jejak_reader of jejak_writer",
    "GRANT pg_execute_server_program TO jejak_reader":
        "member jejak_reader of pg_execute_server_program",
    "REVOKE jejak_owner FROM jejak_migrator": "member jejak_migrator of jejak_owner",
    "DROP FUNCTION ledger_refuse() CASCADE": "function ledger_refuse",
    _REPLACED: "function ledger_refuse",
    "CREATE FUNCTION public.sly() RETURNS integer LANGUAGE sql AS 'SELECT 1'": "function sly",
    "GRANT EXECUTE ON FUNCTION ledger_unblock() TO PUBLIC": "grant function ledger_unblock",
    "GRANT SELECT (tag_salt) ON record TO jejak_reader": "grant column record.tag_salt",
    "GRANT UPDATE (party) ON record_p0 TO jejak_writer": "grant column record_p0.party",
    "REVOKE SELECT ON outcome FROM jejak_auditor": "grant table outcome",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "grant schema public",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC": "grant whatever",
    "CREATE TABLE public.sly ()": "table sly",
    "CREATE TABLE public.record_p10000000 (LIKE record)": "table record_p10000000",
    "CREATE VIEW public.sly AS SELECT 1": "view sly",
    "ALTER VIEW agency_profile SET (security_invoker = false)": "view agency_profile",
    "ALTER POLICY own_people ON profile USING (true)": "policy profile.own_people",
    "ALTER TABLE record DROP CONSTRAINT record_source": "constraint record.record_source",
    "ALTER TABLE record_p0 DROP CONSTRAINT record_p0_bounds":
        "constraint record_p0.record_p0_bounds",
    "ALTER TABLE record DETACH PARTITION record_p0": "partition record_p0",
    "GRANT SELECT ON profile_g1 TO jejak_agency": "grant table profile_g1",
    "CREATE TABLE public.profile_g9 (LIKE profile)": "table profile_g9",
    "ALTER TABLE profile DETACH PARTITION profile_g1": "partition profile_g1",
    "DROP TABLE evidence_g1, profile_g1": "partition evidence_g1",
    "ALTER TABLE outcome ALTER COLUMN detail TYPE varchar(9)": "column outcome.detail",
    "DROP INDEX record_person": "index record_person",
    "CREATE SCHEMA jejak_writer": "schema jejak_writer",
    "CREATE PUBLICATION sly FOR ALL TABLES": "publication sly",
    "CREATE FUNCTION sly() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "CREATE EVENT TRIGGER sly ON sql_drop EXECUTE FUNCTION sly()": "event trigger sly",
}  # fmt: skip
