"""What the sandbox says when a request to its own control room makes no sense."""


class WrongInput(Exception):
    """The request cannot be understood; the message is one sentence for the person who sent it."""
