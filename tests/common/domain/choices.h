// tests/common/domain/choices.h: random choices that follow from a seed.
#ifndef CLV_TESTS_COMMON_DOMAIN_CHOICES_H_
#define CLV_TESTS_COMMON_DOMAIN_CHOICES_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace clv::domain {

// Thread-compatible.
class Choices {
 public:
  explicit Choices(uint64_t seed) : engine_(seed) {}

  // 0 .. n - 1.
  size_t Below(size_t n) { return static_cast<size_t>(engine_() % n); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  T Of(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace clv::domain

#endif  // CLV_TESTS_COMMON_DOMAIN_CHOICES_H_
