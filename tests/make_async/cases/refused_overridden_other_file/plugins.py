"""What plugins look like."""


class Plugin:
    name = ""

    def text(self):
        """What the plugin shows."""
        return self.name


def show(plugins):
    return " | ".join(plugin.text() for plugin in plugins)
