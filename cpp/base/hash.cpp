#include "base/hash.hpp"

#include <random>

namespace bytestride {

const HashSeed& process_hash_seed() {
  static const HashSeed seed = [] {
    std::random_device device;
    const auto draw = [&device] { return (std::uint64_t{device()} << 32) | device(); };
    return HashSeed{draw(), draw()};
  }();
  return seed;
}

}  // namespace bytestride
