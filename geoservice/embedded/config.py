"""PostgreSQL's configuration as text: memory, connections, who may log in. No files, no processes."""

from __future__ import annotations

from pathlib import Path

SUPERUSER = "geoservice"
#: The login that serves; it owns nothing. It has no password: only the accounts below get in, over the socket.
SERVICE_LOGIN = "geoservice_service"

#: For a machine with 2 cores and 4 GB that runs other things as well. fsync, full_page_writes and synchronous_commit
#: stay at PostgreSQL's defaults (on): a report that was answered must survive a power cut.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    # Solid-state disks, the manual's advice for random_page_cost.
    "random_page_cost": "1.1",
    # Compiling a query costs more than the short spatial queries it would speed up.
    "jit": "off",
    "password_encryption": "scram-sha-256",
    # Names of a closed intranet need no look-up, and no certificate is made for loopback.
    "ssl": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Who came. What is refused is told to whoever asked and not to the log: message, detail, statement and values can
    # each hold the words of a resident. `log` is above errors and below what ends a session.
    "log_connections": "on",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # A new file a day and at a size; `Cluster.prune_logs` removes old ones.
    "logging_collector": "on",
    "log_filename": "postgresql-%Y-%m-%dT%H%M%S.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "10MB",
    # A backend whose client was killed must not finish a long query for nobody.
    "client_connection_check_interval": "5s",
}


def settings_text(*, port: int, socket_dir: Path, log_dir: Path) -> str:
    """Return the file that postgresql.conf includes."""
    own = {
        "port": str(port),
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "log_directory": str(log_dir),
    }
    lines = [f"{name} = {_quoted(text)}" for name, text in (own | SETTINGS).items()]
    head = "# Rewritten at each start of geoservice. Your own settings: ALTER SYSTEM SET name = value.\n"
    return head + "\n".join(lines) + "\n"


def login_rules() -> str:
    """Return pg_hba.conf.

    Over the socket the kernel says who calls (peer): the owner and root, and nobody else. That needs no password and
    holds even when somebody opens the directory's mode; `trust` would not. Over TCP, for QGIS and psql, a password.
    """
    return (
        "# type  database  user  address        method\n"
        f"local   all       all                  peer map={SUPERUSER}\n"
        "host    all       all   127.0.0.1/32   scram-sha-256\n"
    )


def login_map(accounts: set[str]) -> str:
    """Return pg_ident.conf: these accounts of the machine may log in as the superuser and to serve, over the socket."""
    return "# map  account  database role\n" + "".join(f"{line}\n" for line in login_map_lines(accounts))


def login_map_lines(accounts: set[str]) -> list[str]:
    """Return the lines of pg_ident.conf that are ours."""
    return [
        f"{SUPERUSER}  {_quoted_name(account)}  {role}"
        for account in sorted(accounts)
        for role in (SUPERUSER, SERVICE_LOGIN)
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _quoted_name(account: str) -> str:
    return '"' + account.replace('"', '""') + '"'
