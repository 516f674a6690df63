"""From synchronous code to code that awaits: what is to change, and the edits that change it."""
