"""Run the command line as ``python -m gridtwin``."""

from gridtwin.cli import main

if __name__ == "__main__":
    main()
