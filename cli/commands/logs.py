def logs() -> None:
    """x"""
