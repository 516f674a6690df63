"""What can run a model: llama.cpp inside the worker process."""
