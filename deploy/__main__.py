"""`python -m deploy` is `hotline`."""

from deploy.cli import main

main()
