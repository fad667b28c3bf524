"""`python -m cpl`: the same as the program `cpl`."""

from cpl.start import main

if __name__ == "__main__":
    main()
