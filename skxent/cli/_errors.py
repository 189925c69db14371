"""What a command can't do, said to its user."""


class CommandError(Exception):
    """A command can't do its work; the message is a sentence for the person who typed it."""
