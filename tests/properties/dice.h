// tests/properties/dice.h: random choices that follow from a seed.
#ifndef CLV_TESTS_PROPERTIES_DICE_H_
#define CLV_TESTS_PROPERTIES_DICE_H_

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace clv::properties {

// A deterministic source of choices (the standard's distributions differ between libraries).
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  // 0 .. n - 1.
  int64_t Below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int64_t>(choices.size())))];
  }
  template <typename T>
  void Shuffle(std::vector<T>* items) {
    for (size_t i = items->size(); i > 1; --i) {
      std::swap((*items)[i - 1], (*items)[static_cast<size_t>(Below(static_cast<int64_t>(i)))]);
    }
  }
  uint64_t Seed() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_DICE_H_
