import time


class Playlist:
    """Songs, with a pause between them."""

    def __init__(self, songs, pause=2):
        self.songs = songs
        self.pause = pause

    def __len__(self):
        return len(self.songs)

    def __iter__(self):
        for number, song in enumerate(self.songs, 1):
            yield f"{number}/{len(self)} {song}"
            if number < len(self):
                time.sleep(self.pause)
