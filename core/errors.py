"""The errors of Shellsight: each says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


class ShellsightError(Exception):
    """Base of every error that a user can cause and mend.

    The message is meant for a person: it names the file, what is wrong and
    what would be right. Anything else that is raised is a defect.
    """


class UnknownFormat(ShellsightError):
    """No reader recognises the file.

    Parameters
    ----------
    path : Path
        The file that was tried.
    reasons : Mapping of str to str
        Name of each reader tried, and why it said no.
    looks_like : Sequence of str
        Formats that it has, where another was asked for.
    hint : str
        What to open instead, as a sentence.
    """

    def __init__(
        self,
        path: Path,
        reasons: Mapping[str, str],
        looks_like: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        self.path = Path(path)
        self.reasons = dict(reasons)
        self.looks_like = tuple(looks_like)
        tried = "; ".join(f"{name}: {reason}" for name, reason in self.reasons.items())
        message = f"{self.path}: not a snapshot Shellsight can read. Tried {tried}."
        if self.looks_like:
            message += f" It looks like {' and '.join(self.looks_like)}."
        super().__init__(f"{message} {hint.strip()}".rstrip())


class AmbiguousFormat(ShellsightError):
    """Several readers claim the file: the user has to choose.

    Parameters
    ----------
    path : Path
        The file that was tried.
    formats : Sequence of str
        Names of the readers that recognise it.
    """

    def __init__(self, path: Path, formats: Sequence[str]) -> None:
        self.path = Path(path)
        self.formats = tuple(formats)
        super().__init__(
            f"{self.path}: looks like {' and '.join(self.formats)}; "
            f"name one with format= (or --format on the command line)."
        )


class MissingUnits(ShellsightError):
    """The file does not state its units, and guessing is not allowed.

    Parameters
    ----------
    path : Path
        The file read.
    missing : Sequence of str
        The units that are not stated, for example ``("length", "mass")``.
    detail : str
        What the file does say, to help the user choose.
    offer : str
        Units that would fit, as `UnitSystem.parse` reads them; empty if
        nothing speaks for any.
    """

    def __init__(
        self, path: Path, missing: Sequence[str], detail: str = "", offer: str = ""
    ) -> None:
        self.path = Path(path)
        self.missing = tuple(missing)
        self.detail = detail
        self.offer = offer
        message = (
            f"{self.path}: the file does not state its units of {', '.join(self.missing)}. "
            f"Give them, for example units='length=pc,mass=Msun,velocity=km/s' "
            f"(--units on the command line)."
        )
        super().__init__(f"{message} {detail}".rstrip())


class CorruptSnapshot(ShellsightError):
    """The file is of a known format, but its content cannot be right.

    Parameters
    ----------
    path : Path
        The file read.
    problem : str
        What is wrong and where: the data set, the shape, the count.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{self.path}: {problem}")


class MissingDependency(ShellsightError):
    """An optional package is needed.

    Parameters
    ----------
    package : str
        The package that is missing.
    purpose : str
        What it is needed for.
    install : str
        The exact command that installs it.
    """

    def __init__(self, package: str, purpose: str, install: str) -> None:
        self.package = package
        self.install = install
        super().__init__(f"{purpose} needs the package {package}. Install it with: {install}")


class InvalidRequest(ShellsightError, ValueError):
    """The data are fine, but what was asked of them cannot be done.

    A cube larger than the box, a site outside it, a cube that a network was
    not trained for: the message says which values would work.
    """


class NoSnapshots(InvalidRequest):
    """A directory or a pattern has no files yet, or none that is complete.

    Worth waiting for where a simulation has just been started.
    """


class Cancelled(ShellsightError):
    """The user stopped the work; nothing was changed."""

    def __init__(self, what: str = "The work") -> None:
        super().__init__(f"{what} was cancelled.")
