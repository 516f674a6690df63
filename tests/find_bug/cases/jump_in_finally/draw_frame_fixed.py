# kind: jump_in_finally
class Canvas:
    """A drawing surface with a lock count and a frame counter."""

    def __init__(self):
        self.locked = 0
        self.frames = 0

    def draw_frame(self, shapes):
        """Draw all shapes with the canvas locked; return the number of the frame.

        The canvas is unlocked again whatever happens; errors of shapes are the caller's.
        """
        self.locked += 1
        try:
            for shape in shapes:
                shape(self)
            self.frames += 1
        finally:
            self.locked -= 1
        return self.frames
