"""``python -m cnncourse doctor`` and ``python -m cnncourse progress``."""

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 1 when the doctor found a problem."""
    parser = argparse.ArgumentParser(prog="python -m cnncourse", description="Helpers for the course.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    commands.add_parser(
        "doctor", help="look at Python, packages, GPU and memory, and say what to do about problems"
    )
    commands.add_parser("progress", help="list the exercises with those that you have passed")
    command = parser.parse_args(arguments).command
    if command == "doctor":
        from .doctor import diagnose, report

        findings = diagnose()
        print(report(findings))
        return int(any(finding.broken for finding in findings))
    from .checks import progress

    print(progress.report())
    return 0


if __name__ == "__main__":
    sys.exit(main())
