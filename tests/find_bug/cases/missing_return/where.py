# kind: missing_return
class Search:
    """A search that is built up call by call: Search("people").where(...).text()."""

    OPERATORS = ("=", "<", ">", "<=", ">=")

    def __init__(self, collection):
        self.collection = collection
        self.conditions = []
        self.largest = None

    def where(self, field, operator, value):
        """Add a condition; all have to hold. Returns the search itself."""
        if operator not in self.OPERATORS:
            raise ValueError(f"unknown operator {operator}")
        self.conditions.append(f"{field}{operator}{value}")

    def limit(self, largest):
        """Ask for so many hits at most. Returns the search itself."""
        self.largest = largest
        return self

    def text(self):
        """Return the search as the text that the server reads."""
        limit = [] if self.largest is None else [f"limit:{self.largest}"]
        return " ".join([f"in:{self.collection}", *self.conditions, *limit])
