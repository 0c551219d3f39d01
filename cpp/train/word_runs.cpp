#include "train/word_runs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "base/open_file.hpp"

namespace bytestride {
namespace {

// Before the bytes of a word.
struct Head {
  std::uint64_t count;
  std::uint64_t first;
  std::uint64_t n_bytes;
};
constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

// Calls the system until all n bytes went through; it may take fewer at a time.
template <typename Transfer>
void transfer_all(std::size_t n, const char* what, const Transfer& transfer) {
  for (std::size_t done = 0; done < n;) {
    const std::size_t now = transfer(done);
    if (now == 0) throw std::system_error(EIO, std::generic_category(), what);
    done += now;
  }
}

}  // namespace

WordRuns::Run WordRuns::write(const WordCounts& words) {
  const std::uint64_t n_bytes = words.n_words() * sizeof(Head) + words.n_bytes();
  const Run run{n_bytes_.fetch_add(n_bytes, std::memory_order_relaxed), n_bytes, words.n_words()};
  std::vector<char> buffer;
  buffer.reserve(kBufferBytes);
  std::uint64_t at = run.begin;
  const auto flush = [&] {
    constexpr const char* kWhat = "word counts cannot be written to the scratch file";
    transfer_all(buffer.size(), kWhat, [&](std::size_t done) {
      return write_at(descriptor_, buffer.data() + done, buffer.size() - done, at + done, kWhat);
    });
    at += buffer.size();
    buffer.clear();
  };
  for (std::size_t i = 0; i < words.n_words(); ++i) {
    const ByteSpan word = words.word(i);
    const Head head{words.count(i), words.first(i), word.size()};
    if (buffer.size() + sizeof head + word.size() > kBufferBytes) flush();
    const char* const bytes = reinterpret_cast<const char*>(&head);
    buffer.insert(buffer.end(), bytes, bytes + sizeof head);
    buffer.insert(buffer.end(), word.begin(), word.end());
  }
  flush();
  return run;
}

void WordRuns::add_to(WordCounts& words, const Run& run) const {
  std::vector<char> buffer;
  std::size_t begin = 0;  // what lies before it in the buffer was added
  std::uint64_t at = run.begin;
  const std::uint64_t end = run.begin + run.n_bytes;
  // Has n unread bytes in the buffer, and as many more as a read brings.
  const auto need = [&](std::size_t n) {
    if (buffer.size() - begin >= n) return;
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(begin));
    begin = 0;
    const std::size_t n_before = buffer.size();
    const std::size_t n_more = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(n - n_before, kBufferBytes), end - at));
    buffer.resize(n_before + n_more);
    constexpr const char* kWhat = "word counts cannot be read back from the scratch file";
    transfer_all(n_more, kWhat, [&](std::size_t done) {
      return read_at(descriptor_, buffer.data() + n_before + done, n_more - done, at + done, kWhat);
    });
    at += n_more;
  };
  for (std::size_t i = 0; i < run.n_words; ++i) {
    Head head;
    need(sizeof head);
    std::memcpy(&head, buffer.data() + begin, sizeof head);
    begin += sizeof head;
    need(head.n_bytes);
    words.add(ByteSpan(buffer.data() + begin, head.n_bytes), head.count, head.first);
    begin += head.n_bytes;
  }
}

}  // namespace bytestride
