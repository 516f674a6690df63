import asyncio


async def sign_up(users: dict) -> str:
    """Ask for a name that is not taken yet."""
    while (name := (await asyncio.to_thread(input, "Name: ")).strip()) in users:
        print(name, "is taken")

    users[name] = int(await asyncio.to_thread(input, f"Age of {name}: "))
    return f"{name} ({users[name]})"
