"""`python -m fieldwright` is the command `fieldwright`."""

from .cli import main

if __name__ == "__main__":
    main()
