def sign_up(users: dict) -> str:
    """Ask for a name that is not taken yet."""
    while (name := input("Name: ").strip()) in users:
        print(name, "is taken")

    users[name] = int(input(f"Age of {name}: "))
    return f"{name} ({users[name]})"
