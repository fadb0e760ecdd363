"""Log lines of an instance: one JSON object each on standard error, from whichever process and library they come."""

from __future__ import annotations

import logging
import logging.config
import os
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from geoservice.running.processes import process_name

log = structlog.get_logger()


class LogOutput:
    """Standard error as it is at each moment; a line that it does not take is lost: no process ends for that."""

    def write(self, text: str) -> None:
        """Write a whole line at once: processes share the file."""
        with suppress(OSError):  # the terminal may be gone, the disk full
            sys.stderr.write(text)

    def flush(self) -> None:
        """Have it written."""
        with suppress(OSError):
            sys.stderr.flush()


LOG_OUTPUT = LogOutput()
_RENDER = structlog.processors.JSONRenderer(ensure_ascii=False)


def _name_process(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    # Read for each line: a process that the fork server made gets its name and number after this was configured.
    line["process"], line["pid"] = process_name(), os.getpid()
    return line


#: What every line tells beside its own words.
_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _name_process,
    structlog.processors.format_exc_info,
)


def configure_logging(level: str = "info") -> None:
    """Write JSON lines from `level` on, of ours, of libraries, of warnings and of errors that nobody caught.

    Line breaks and escape codes in values are escaped by JSON itself.
    """
    structlog.configure(
        processors=[*_SHARED, _RENDER],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, LOG_OUTPUT)),
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(library_logging(level))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def library_logging(level: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` wants for the same lines of libraries; granian is handed it, too.

    Of granian from `level` on, of others warnings and what is worse.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": (structlog.stdlib.add_logger_name, *_SHARED),
                "processors": (structlog.stdlib.ProcessorFormatter.remove_processors_meta, _RENDER),
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": LOG_OUTPUT, "formatter": "json"}},
        # What else libraries would tell may be anybody's words: a statement's values, a request's body.
        "root": {"handlers": ["stderr"], "level": max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()])},
        "loggers": {"_granian": {"level": level.upper()}},
    }


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    log.critical("an error that nobody caught", exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        log.critical("an error that nobody caught", thread=args.thread and args.thread.name, exc_info=args.exc_value)
