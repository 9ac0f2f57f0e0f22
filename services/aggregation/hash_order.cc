#include "services/aggregation/hash_order.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace clv::aggregation {
namespace {

constexpr size_t kFewHashes = 256;
constexpr int kDigitBits = 11;
constexpr size_t kDigits = size_t{1} << kDigitBits;
// The highest 33 bits leave few hashes unordered, even of millions.
constexpr std::array<int, 3> kShifts = {31, 42, 53};

struct Place {
  uint64_t hash = 0;
  uint32_t index = 0;
};

void SortByDigit(int shift, const std::vector<Place>& from, std::vector<Place>* to) {
  std::array<uint32_t, kDigits> next{};
  for (const Place& place : from) ++next[(place.hash >> shift) % kDigits];
  std::exclusive_scan(next.begin(), next.end(), next.begin(), 0u);
  for (const Place& place : from) (*to)[next[(place.hash >> shift) % kDigits]++] = place;
}

bool Precedes(const Place& a, const Place& b) { return a.hash < b.hash; }

}  // namespace

std::vector<uint32_t> HashOrder(absl::Span<const uint64_t> hashes) {
  std::vector<Place> places(hashes.size());
  for (size_t i = 0; i < hashes.size(); ++i) places[i] = {hashes[i], static_cast<uint32_t>(i)};
  if (places.size() > kFewHashes) {
    std::vector<Place> other(places.size());
    for (const int shift : kShifts) {
      SortByDigit(shift, places, &other);
      places.swap(other);
    }
    // What the digits leave are short runs; insertion keeps their order.
    for (size_t i = 1; i < places.size(); ++i) {
      for (size_t j = i; j > 0 && Precedes(places[j], places[j - 1]); --j) {
        std::swap(places[j], places[j - 1]);
      }
    }
  } else {
    std::stable_sort(places.begin(), places.end(), Precedes);
  }
  std::vector<uint32_t> order(places.size());
  std::transform(places.begin(), places.end(), order.begin(),
                 [](const Place& place) { return place.index; });
  return order;
}

}  // namespace clv::aggregation
