"""`python -m cpl`: the same as the program `cpl`."""

from cpl.cli import main

if __name__ == "__main__":
    main()
