import requests


class Radio:
	"""A radio with a few stations."""

	def __init__(self, *stations):
		self.stations = stations

	def now(self):
		"""What is on, by station."""
		playing = {}
		for station in self.stations:
			# Some stations are off the air.
			answer = requests.get(f"https://{station}.example/")
			if answer.ok:
				title, _, _ = answer.text.partition("\n")
				playing[station] = title
		return playing
