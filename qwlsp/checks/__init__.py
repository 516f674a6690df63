"""What an edit must pass before it is offered."""
