import asyncio
import json
import pickle


async def convert(source, target):
    """A pickled game as JSON, for the web."""
    with await asyncio.to_thread(open, source, "rb") as file:
        game = await asyncio.to_thread(pickle.load, file)

    game["turn"] += 1
    text = json.dumps(game)  # in memory: this one does not block
    with await asyncio.to_thread(open, target, "w") as file:
        await asyncio.to_thread(json.dump, game, file)
    return len(text)


async def freeze(path):
    """Write a game to convert."""
    with await asyncio.to_thread(open, path, "wb") as file:
        await asyncio.to_thread(pickle.dump, {"turn": 3, "player": "ada"}, file)


async def both():
    await freeze("game.pickle")
    return await convert("game.pickle", "game.json")
