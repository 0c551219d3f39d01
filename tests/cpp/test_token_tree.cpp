#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support.hpp"
#include "train/token_tree.hpp"

using namespace bytestride;
using namespace bytestride::testing;

TEST_CASE("symbols are spelled and ordered as their bytes") {
  for_seeds(300, [](Random& random) {
    TokenTree tree;
    std::vector<std::string> spelled;
    std::vector<Symbol> symbols;
    const auto add = [&](Symbol symbol, const std::string& bytes) {
      for (const std::string& other : spelled) {
        if (other == bytes) return;
      }
      symbols.push_back(symbol);
      spelled.push_back(bytes);
    };
    for (const unsigned char byte : {0, 1, 97, 255}) add(byte, std::string(1, byte));
    for (int i = 0; i < 30; ++i) {
      const std::size_t left = random.below(symbols.size());
      const std::size_t right = random.below(symbols.size());
      const std::string bytes = spelled[left] + spelled[right];
      if (bytes.size() < 200) add(tree.join(symbols[left], symbols[right]), bytes);
    }
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      CHECK(tree.bytes(symbols[i]) == spelled[i]);
      CHECK(tree.n_bytes()[symbols[i]] == spelled[i].size());
      for (std::size_t j = 0; j < symbols.size(); ++j) {
        CHECK(tree.less(symbols[i], symbols[j]) == (spelled[i] < spelled[j]));
      }
    }
  });
}
