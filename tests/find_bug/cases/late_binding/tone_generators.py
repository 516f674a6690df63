# kind: late_binding
import math


def tone_generators(frequencies, volume=1.0):
    """Return a function for each frequency (Hz): seconds in, amplitude out."""
    scale = volume / max(len(frequencies), 1)
    return [
        lambda seconds: scale * math.sin(math.tau * frequency * seconds)
        for frequency in frequencies
    ]


def mix(frequencies, seconds):
    """Return the amplitude of all tones together at a time."""
    return sum(tone(seconds) for tone in tone_generators(frequencies))
