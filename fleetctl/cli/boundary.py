"""The one error boundary: expected error, interrupt, unexpected error with a paste-ready log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from fleetctl.cli.frame import Exit, Output, colour, print_json
from fleetctl.core.problems import CouldNot, InvalidInput, Problem


def guarded(call: Callable[[], Any], output: Callable[[], Output]) -> int:
    """Run a command and turn whatever it raises into a message and an exit code.

    Args:
        call: the command; it ends by `SystemExit` or by returning.
        output: tells, once options are read, which form of output was asked for.
    """
    try:
        call()
    except InvalidInput as invalid:
        _report(invalid.problems, output())
        return Exit.INVALID
    except CouldNot as failure:
        problem = Problem("could-not", str(failure), hint=failure.hint)
        _report((problem,), output())
        return Exit.FAILED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.DONE
    except Exception as unexpected:
        return _unexpected(unexpected)
    return Exit.DONE


def problem_text(problem: Problem, *, colours: bool) -> str:
    """Format a problem for people: place, what is wrong, the hint on a line of its own."""
    red, dim, plain = ("\033[31m", "\033[2m", "\033[0m") if colours else ("", "", "")
    where = f"{problem.where}: " if problem.where else ""
    code = f" {dim}[{problem.code}]{plain}" if problem.code != "could-not" else ""
    hint = f"\n  {dim}hint: {problem.hint}{plain}" if problem.hint else ""
    return f"{where}{red}{problem.severity.value}{plain}: {problem.message}{code}{hint}"


def _report(problems: tuple[Problem, ...], output: Output) -> None:
    if output is Output.JSON:
        from fleetctl.core.problem_formats import rows

        print_json({"schema": "fleetctl/problems/v1", "problems": rows(problems)})
    for problem in problems:
        sys.stderr.write(problem_text(problem, colours=colour()) + "\n")


def _unexpected(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="fleetctl-", suffix=".log", delete=False) as log:
        log.write(_paste_ready(traceback.format_exception(error)))
    sys.stderr.write(
        f"error: unexpected {type(error).__name__}: {error}\n"
        f"  hint: this is a fault of fleetctl; please report it with the log {log.name}\n"
    )
    return Exit.FAILED


def _paste_ready(trace: list[str]) -> str:
    import platform

    from fleetctl import __version__

    # Arguments may name secrets' files but never hold a secret: secrets enter by reference only.
    return (
        f"### fleetctl {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"### arguments: {' '.join(sys.argv[1:])}\n\n```\n{''.join(trace)}```\n"
    )
