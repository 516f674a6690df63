"""What the model sees: ranked pieces of code, made into a prompt. Pure: no IO, no model."""
