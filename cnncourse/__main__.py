"""``python -m cnncourse doctor``, ``progress`` and ``compare``."""

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 1 when the doctor found a problem."""
    command = _parser().parse_args(arguments)
    if command.command == "doctor":
        from .doctor import diagnose, report

        findings = diagnose()
        print(report(findings))
        return int(any(finding.broken for finding in findings))
    if command.command == "compare":
        _compare(command)
        return 0
    from .checks import progress

    print(progress.report())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cnncourse", description="Helpers for the course.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    commands.add_parser(
        "doctor", help="look at Python, packages, GPU and memory, and say what to do about problems"
    )
    commands.add_parser("progress", help="list the exercises with those that you have passed")
    compare = commands.add_parser(
        "compare",
        help="train the networks of lessons 06 to 09 on the same scenes with the same budget: one table",
    )
    compare.add_argument("--data", choices=("road_scenes", "camvid"), default="road_scenes")
    compare.add_argument("--root", help="the folder that holds CamVid/")
    compare.add_argument("--score-on", choices=("test", "val"), default="test", help="default: test")
    compare.add_argument("--networks", nargs="+", metavar="NAME", help='such as "U-Net"; default: all seven')
    compare.add_argument(
        "--size",
        nargs=2,
        type=int,
        metavar=("H", "W"),
        default=(96, 128),
        help="of the scenes; default: 96 128",
    )
    compare.add_argument("--seeds", type=int, default=3, help="how many; default: 3")
    compare.add_argument("--epochs", type=int, default=8, help="default: 8")
    compare.add_argument("--out", type=Path, default=Path("comparison.csv"), help="default: comparison.csv")
    return parser


def _compare(command: argparse.Namespace) -> None:
    """Train and write the table, and a picture beside it."""
    from . import viz
    from .comparison import ABLATIONS, FULL_SIZE, NETWORKS, columns
    from .comparison.command import compare

    networks = command.networks or list(NETWORKS)
    known = NETWORKS | ABLATIONS | FULL_SIZE
    unknown = [name for name in networks if name not in known]
    if unknown or command.seeds < 1 or command.epochs < 1:
        raise SystemExit(
            f"got networks {', '.join(networks)}, {command.seeds} seeds, {command.epochs} epochs; expected "
            f"networks of {'; '.join(known)}, and at least 1 seed and 1 epoch"
        )
    runs = compare(
        command.out,
        data=command.data,
        root=command.root,
        score_on=command.score_on,
        networks=networks,
        seeds=command.seeds,
        epochs=command.epochs,
        size=tuple(command.size),
    )
    picture = command.out.with_suffix(".png")
    picture.write_bytes(viz.score_table(*columns(runs)).png())
    print(f"wrote {command.out} and {picture}")


if __name__ == "__main__":
    sys.exit(main())
