#include "services/query/projection/population_index.h"

#include <algorithm>
#include <utility>

#include "common/base/instant.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {
namespace {

// What customers give to an index, added or taken away.
struct Contributions {
  std::vector<SpendPlace> by_spend;
  std::vector<uint32_t> first;
  std::vector<uint32_t> last;
  std::vector<int64_t> purchase_count;
  std::vector<UnconvertedRow> unconverted;

  void Sort() {
    std::sort(by_spend.begin(), by_spend.end());
    std::sort(first.begin(), first.end());
    std::sort(last.begin(), last.end());
    std::sort(purchase_count.begin(), purchase_count.end());
    std::sort(unconverted.begin(), unconverted.end());
  }
};

// Gathers what changes, customer by customer.
class IndexChange {
 public:
  explicit IndexChange(PopulationIndex* sums) : sums_(*sums) {}

  void Add(const CustomerChunk& chunk, uint32_t number, int sign) {
    const size_t i = number % kChunkCustomers;
    Contributions& to = sign > 0 ? added_ : removed_;
    if (const RareFacts* const rare = chunk.Rare(i)) {
      for (const uint32_t date : rare->unconverted_dates) {
        to.unconverted.push_back({date, chunk.attributes[i]});
      }
    }
    const StateColumns& state = chunk.state;
    if (state.purchase_count[i] < 1) return;
    to.by_spend.push_back({state.spend_micros[i], number, chunk.attributes[i]});
    to.first.push_back(state.first[i]);
    to.last.push_back(state.last[i]);
    to.purchase_count.push_back(state.purchase_count[i]);
    const uint64_t repeats = state.repeat_order_days[i] >= 1 ? 1 : 0;
    sums_.repeat_customers += sign > 0 ? repeats : 0 - repeats;
    sums_.repeat_order_days += sign * __int128{state.repeat_order_days[i]};
    sums_.first_days += sign * __int128{DayOf(state.first[i])};
    sums_.spend_micros += sign * __int128{state.spend_micros[i]};
    sums_.orders += sign * __int128{state.purchase_count[i]};
    cube_.push_back({chunk.attributes[i], sign, RetentionCube::ContributionOf(chunk, i)});
    if (cube_.size() >= kMostWaiting) ApplyCube();
  }

  void Apply(const PopulationIndex& before) {
    removed_.Sort();
    added_.Sort();
    sums_.by_spend = before.by_spend.With(removed_.by_spend, added_.by_spend);
    sums_.first = before.first.With(removed_.first, added_.first);
    sums_.last = before.last.With(removed_.last, added_.last);
    sums_.purchase_count =
        before.purchase_count.With(removed_.purchase_count, added_.purchase_count);
    sums_.unconverted = before.unconverted.With(removed_.unconverted, added_.unconverted);
    ApplyCube();
  }

 private:
  static constexpr size_t kMostWaiting = 65'536;

  void ApplyCube() {
    sums_.cube = sums_.cube.With(std::move(cube_));
    cube_.clear();
  }

  PopulationIndex& sums_;
  Contributions removed_;
  Contributions added_;
  std::vector<RetentionCube::Change> cube_;
};

}  // namespace

std::shared_ptr<const PopulationIndex> PopulationIndex::Of(const ProjectionVersion* before,
                                                           const ProjectionVersion& after,
                                                           absl::Span<const uint32_t> changed) {
  static const PopulationIndex nothing;
  const PopulationIndex& last = before != nullptr ? *before->population : nothing;
  auto next = std::make_shared<PopulationIndex>(last);
  IndexChange change(next.get());
  for (const uint32_t number : changed) {
    if (before != nullptr && number < before->customers) {
      change.Add(before->ChunkOf(number), number, -1);
    }
    change.Add(after.ChunkOf(number), number, 1);
  }
  change.Apply(last);
  return next;
}

}  // namespace clv::query
