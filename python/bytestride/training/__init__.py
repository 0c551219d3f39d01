"""Learning a vocabulary: count the words, then merge the most frequent pair again and again."""

from bytestride.training.counting import count_words, count_words_to_parquet
from bytestride.training.learning import Progress, extended, learn_vocabulary
from bytestride.training.presets import PRESETS
from bytestride.training.vocabulary import LearnedVocabulary
from bytestride.training.word_counts import CountSettings, WordCounts

__all__ = [
    "PRESETS",
    "CountSettings",
    "LearnedVocabulary",
    "Progress",
    "WordCounts",
    "count_words",
    "count_words_to_parquet",
    "extended",
    "learn_vocabulary",
]
