"""`python -m salle`: the same as the `salle` command."""

from salle.cli import main

if __name__ == "__main__":
    main()
