"""Learning a vocabulary: count the words of a text, then merge their most frequent pairs."""

from bytestride.training.count_rules import CountRules
from bytestride.training.counting import Progress, count_words
from bytestride.training.presets import PRESETS, Preset
from bytestride.training.record import TrainingRecord
from bytestride.training.word_counts import WordCounts

__all__ = [
    "PRESETS",
    "CountRules",
    "Preset",
    "Progress",
    "TrainingRecord",
    "WordCounts",
    "count_words",
]
