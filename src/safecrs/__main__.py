"""``python -m safecrs``: the same as the ``safecrs`` script."""

from safecrs.cli import main

if __name__ == "__main__":
    main()
