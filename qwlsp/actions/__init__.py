"""What qwlsp does with code when a person asks: one module for each action."""
