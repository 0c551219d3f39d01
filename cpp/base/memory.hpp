// Page-backed arrays for what is large and written once: outputs reserved at their upper bound, and
// tables. Pages come zeroed and cost nothing until touched; huge pages are advised before that.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace bytestride {

inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Owns its pages; movable. Throws std::bad_alloc where the address space is not to be had.
class Pages {
 public:
  Pages() = default;
  explicit Pages(std::size_t n_bytes);
  ~Pages();
  Pages(Pages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), n_bytes_(std::exchange(other.n_bytes_, 0)) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(n_bytes_, other.n_bytes_);
    return *this;
  }

  void* data() const { return data_; }
  std::size_t n_bytes() const { return n_bytes_; }
  // Gives back what lies beyond the first n_bytes; data() stays.
  void shrink(std::size_t n_bytes);

 private:
  void* data_ = nullptr;
  std::size_t n_bytes_ = 0;
};

// Gives the system what the allocator keeps of memory that was freed, where it can: for the end of
// a stage whose memory the next one does not need. Takes a moment for each gap; not for hot paths.
void give_back_free_memory();

// An array of trivial elements on pages; elements start as zero.
template <typename T>
class PageArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  PageArray() = default;
  explicit PageArray(std::size_t n) : pages_(n * sizeof(T)) {}

  T* data() const { return static_cast<T*>(pages_.data()); }
  T& operator[](std::size_t i) const { return data()[i]; }
  std::size_t capacity() const { return pages_.n_bytes() / sizeof(T); }
  void shrink(std::size_t n) { pages_.shrink(n * sizeof(T)); }

 private:
  Pages pages_;
};

}  // namespace bytestride
