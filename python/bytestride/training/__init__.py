"""Learning a vocabulary: count the words, then merge the most frequent pair again and again."""

from bytestride.training.count_settings import CountSettings
from bytestride.training.counting import Progress, count_words, count_words_to_parquet
from bytestride.training.estimate import CountEstimate, estimate_counting
from bytestride.training.presets import PRESETS
from bytestride.training.train import extend_vocabulary, learn_vocabulary
from bytestride.training.vocabulary import LearnedVocabulary
from bytestride.training.word_counts import WordCounts

__all__ = [
    "PRESETS",
    "CountEstimate",
    "CountSettings",
    "LearnedVocabulary",
    "Progress",
    "WordCounts",
    "count_words",
    "count_words_to_parquet",
    "estimate_counting",
    "extend_vocabulary",
    "learn_vocabulary",
]
