#include "pretokenize/grammar.hpp"

#include "pretokenize/scan_loop.hpp"
#include "pretokenize/window_scanner.hpp"

namespace bytestride {
namespace {

template <Grammar G>
std::size_t scan(std::string_view text, std::size_t position, std::uint32_t* ends,
                 std::size_t capacity) {
  return WindowScanner<G>(text, position, ends, capacity).scan();
}

template <Grammar G>
std::size_t follow(std::string_view text, std::size_t position, std::uint32_t* ends,
                   std::size_t capacity) {
  return scan_with(scanner::pretoken_end<G>, text, position, ends, capacity);
}

// As characters, for no way to write them with a backslash is the same to all engines. Macros,
// since only literals can be joined to one text.
#define CHINESE_AND_KANA "\u4E00-\u9FA5\u3040-\u30FF"
#define NUMERIC_17 "\\p{N}\U00011DE0-\U00011DE9\U00016FF4-\U00016FF6"

constexpr KnownPattern kKnownPatterns[] = {
    // As in GPT-2's release and Hugging Face's ByteLevel; tiktoken's text for gpt2, r50k and p50k.
    {"gpt2", R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)re",
     scan<kGpt2>, follow<kGpt2>},
    {"gpt2",
     R"re('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)re",
     scan<kGpt2>, follow<kGpt2>},
    {"cl100k",
     R"re('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|)re"
     R"re(\s++$|\s*[\r\n]|\s+(?!\S)|\s)re",
     scan<kCl100k>, follow<kCl100k>},
    // Also what tiktoken gave for cl100k before it wrote the form above.
    {"llama3",
     R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
     R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kLlama3>, follow<kLlama3>},
    {"qwen2",
     R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
     R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kQwen2>, follow<kQwen2>},
    {"qwen35",
     R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)re"
     R"re( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kQwen35>, follow<kQwen35>},
    {"o200k",
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)re"
     R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)?|)re"
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)re"
     R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)?|)re"
     R"re(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kO200k>, follow<kO200k>},
    {"tekken",
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)re"
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)re"
     R"re(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kTekken>, follow<kTekken>},
    {"kimi_k2",
     R"re([\p{Han}]+|)re"
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*)re"
     R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)re"
     R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+)re"
     R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)re"
     R"re(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     scan<kKimiK2>, follow<kKimiK2>},
    // Three splits, one after the other: numbers, CHINESE_AND_KANA, and a pattern on all the
    // pieces.
    // What the first two cut out meets nothing else in it; white space before stands at an end.
    {"deepseek_v3",
     R"re(\p{N}{1,3}|[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|)re"
     R"re([^\r\n\p{L}\p{P}\p{S})re" CHINESE_AND_KANA R"re(]?)re"
     R"re([\p{L}\p{M}&&[^)re" CHINESE_AND_KANA R"re(]]+|)re"
     R"re([)re" CHINESE_AND_KANA R"re(&&[^\p{L}\p{M}\p{P}\p{S}]]?)re"
     R"re([\p{L}\p{M}&&[)re" CHINESE_AND_KANA R"re(]]+|)re"
     R"re([\p{P}\p{S}&&[)re" CHINESE_AND_KANA R"re(]]+|)re"
     R"re([)re" CHINESE_AND_KANA R"re(&&[^\p{L}\p{M}\p{P}\p{S}]]+)re"
     R"re((?![\p{L}\p{M}&&[)re" CHINESE_AND_KANA R"re(]])|)re"
     R"re( ?[\p{P}\p{S}&&[^)re" CHINESE_AND_KANA R"re(]]+[\r\n]*|\s*[\r\n]+|)re"
     R"re(\s+(?![^\s\p{N})re" CHINESE_AND_KANA R"re(])|\s+)re",
     scan<kDeepSeekV3>, follow<kDeepSeekV3>},
    // Digits(individual_digits=true), then GPT-2's pattern on each piece.
    {"starcoder",
     R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|[)re" NUMERIC_17 R"re(]| ?[^\s\p{L})re" NUMERIC_17
     R"re(]+|\s+(?![^\s)re" NUMERIC_17 R"re(])|\s+)re",
     scan<kStarCoder>, follow<kStarCoder>},
};

#undef CHINESE_AND_KANA
#undef NUMERIC_17

}  // namespace

std::span<const KnownPattern> known_patterns() {
  return kKnownPatterns;
}

const KnownPattern* find_known_pattern(std::string_view pattern) {
  for (const KnownPattern& known : kKnownPatterns) {
    if (known.pattern == pattern) return &known;
  }
  return nullptr;
}

}  // namespace bytestride
