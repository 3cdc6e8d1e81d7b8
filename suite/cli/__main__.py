"""``python -m suite.cli`` is ``league``."""

from suite.cli.app import main

if __name__ == "__main__":
    main()
