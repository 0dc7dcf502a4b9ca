"""``python -m core``: the same as the command ``shellsight``."""

from core.cli import main

if __name__ == "__main__":
    main()
