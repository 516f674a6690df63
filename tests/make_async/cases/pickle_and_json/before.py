import json
import pickle


def convert(source, target):
    """A pickled game as JSON, for the web."""
    with open(source, "rb") as file:
        game = pickle.load(file)

    game["turn"] += 1
    text = json.dumps(game)  # in memory: this one does not block
    with open(target, "w") as file:
        json.dump(game, file)
    return len(text)


def freeze(path):
    """Write a game to convert."""
    with open(path, "wb") as file:
        pickle.dump({"turn": 3, "player": "ada"}, file)


def both():
    freeze("game.pickle")
    return convert("game.pickle", "game.json")
