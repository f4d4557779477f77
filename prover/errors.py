"""What the user can put right."""


class ProverError(Exception):
    """What went wrong, and as far as it is known what to do next."""
