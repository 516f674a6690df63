import httpx


class Radio:
	"""A radio with a few stations."""

	def __init__(self, *stations):
		self.stations = stations

	async def now(self):
		"""What is on, by station."""
		playing = {}
		async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
			for station in self.stations:
				# Some stations are off the air.
				answer = await client.get(f"https://{station}.example/")
				if answer.is_success:
					title, _, _ = answer.text.partition("\n")
					playing[station] = title
		return playing
