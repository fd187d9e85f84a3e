"""`python cli.py ...` from a clone is the installed command `jaxtex ...`."""

from jaxtex.cli import main

if __name__ == "__main__":
    main()
