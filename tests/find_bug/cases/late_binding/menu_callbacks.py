# kind: late_binding
SHORTCUTS = {"open": "o", "save": "s", "quit": "q"}


def menu_callbacks(labels, on_choice):
    """Return one callback for each menu label, by keyboard shortcut.

    Calling a callback passes its own label to `on_choice`.
    """
    callbacks = {}
    for label in labels:
        key = SHORTCUTS.get(label, label[0])
        if key in callbacks:
            raise ValueError(f"two entries want the shortcut {key!r}")
        callbacks[key] = lambda: on_choice(label)
    return callbacks
