"""Any OpenAI-compatible server instead of a model of our own."""
