// What an index keeps, carried along in random steps, equals what is derived from nothing.
#include "services/query/projection/population_index.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/instant.h"
#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
#include "services/query/projection/coming_reading.h"
#include "services/query/projection/projection_builder.h"
#include "tests/properties/commands.h"
#include "tests/properties/histories.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

using properties::Dice;

// Sums by attribute set; the steps, whose bounds were chosen at different times, by their total.
std::vector<SetSums> SumsOf(const ValueSums& values, uint32_t sets) {
  std::vector<SetSums> all(sets);
  for (uint32_t set = 0; set < values.sets().size(); ++set) {
    all[set] = values.sets()[set];
    uint64_t in_steps = 0;
    for (uint32_t& step : all[set].by_step) in_steps += std::exchange(step, 0);
    EXPECT_EQ(in_steps, all[set].spend.count());
  }
  return all;
}

// A cohort's number, size and cells: active customers, orders and revenue of each period.
using PlainCohort =
    std::tuple<uint32_t, uint64_t, std::vector<std::tuple<uint32_t, uint32_t, int64_t>>>;

// Periods at the end in which nothing is left are as good as none.
std::vector<PlainCohort> PlainCohorts(const RetentionCube::CohortList& cohorts) {
  std::vector<PlainCohort> plain;
  for (const auto& cohort : cohorts) {
    auto& [number, size, cells] = plain.emplace_back();
    number = cohort->number;
    size = cohort->size;
    for (const CohortCell& cell : cohort->cells) {
      cells.emplace_back(cell.active_customers, cell.orders,
                         static_cast<int64_t>(cell.revenue_micros));
    }
    while (!cells.empty() && cells.back() == std::tuple(0, 0, 0)) cells.pop_back();
  }
  return plain;
}

void ExpectCubeOfAll(const ProjectionVersion& version) {
  RetentionCube::Change all;
  for (uint32_t number = 0; number < version.customers; ++number) {
    all.Add(nullptr, version.ChunkOf(number), number % kChunkCustomers);
  }
  const RetentionCube expected = RetentionCube().With(all);
  const RetentionCube& actual = version.population->cube;
  ASSERT_TRUE(actual.has_sets());
  EXPECT_EQ(PlainCohorts(actual.all()), PlainCohorts(expected.all()));
  for (uint32_t set = 0; set < version.attribute_sets; ++set) {
    EXPECT_EQ(PlainCohorts(actual.Of(set)), PlainCohorts(expected.Of(set))) << "set " << set;
  }
}

void ExpectWindow(const ProjectionVersion& version, const KeptWindow& kept) {
  const ValueSums derived =
      ValueSums::InWindow(version, *version.population, kept.window, {}).value();
  const auto expected = SumsOf(derived, version.attribute_sets);
  const auto actual = SumsOf(*kept.sums, version.attribute_sets);
  for (uint32_t set = 0; set < version.attribute_sets; ++set) {
    ASSERT_TRUE(actual[set] == expected[set]) << "set " << set;
  }
  EXPECT_EQ(kept.sums->late_signups().All(), derived.late_signups().All());
  EXPECT_EQ(kept.sums->horizon_seconds(), derived.horizon_seconds());
  for (uint32_t number = 0; number < version.customers; ++number) {
    EXPECT_EQ(kept.sums->IsMember(number), derived.IsMember(number)) << number;
  }
}

// Asks for the windows that are kept of some, and begins to keep others.
size_t AskForWindows(const std::shared_ptr<const ProjectionVersion>& version,
                     const properties::History& history, Dice* dice) {
  for (const KeptWindow& kept : version->windows) {
    if (dice->OneIn(2)) *kept.changes_unasked = 0;
  }
  if (history.instants.empty() || !dice->OneIn(3)) return version->windows.size();
  const auto date = [&] {
    return static_cast<uint32_t>(std::max<int64_t>(0, dice->Of(history.instants)));
  };
  const auto [first, last] = std::minmax({date(), date()});
  const DateRange window{first, dice->OneIn(4) ? UINT32_MAX : last};
  for (int i = 0; i < 2; ++i) {
    const auto sums = version->window_keeper.lock()->SumsOf(version, window, [&] {
      return ValueSums::InWindow(*version, *version->population, window, {});
    });
    EXPECT_TRUE(sums.ok());
  }
  return version->windows.size();
}

void ExpectDerived(const ProjectionVersion& version) {
  const PopulationIndex& kept = *version.population;
  PopulationIndex derived = kept;
  derived.Derive(version);
  ASSERT_TRUE(kept.values.are_kept());
  const auto expected = SumsOf(derived.values, version.attribute_sets);
  const auto actual = SumsOf(kept.values, version.attribute_sets);
  for (uint32_t set = 0; set < version.attribute_sets; ++set) {
    ASSERT_TRUE(actual[set] == expected[set]) << "set " << set;
  }
  EXPECT_EQ(kept.values.late_signups().All(), derived.values.late_signups().All());
  EXPECT_EQ(kept.values.horizon_seconds(), derived.values.horizon_seconds());
  EXPECT_EQ(kept.best_predicted, derived.best_predicted);
  ExpectCubeOfAll(version);
  for (const KeptWindow& window : version.windows) ExpectWindow(version, window);
  EXPECT_EQ(kept.best_predicted.empty(), version.serving == nullptr || version.customers == 0);
}

// Returns how many windows were carried along.
size_t CheckHistory(uint64_t seed, const properties::HistoryOptions& options, int64_t most_rows) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const properties::History history = RandomHistory(seed, options);
  Dice dice(seed ^ 0x1dea);
  FoldedStore store;
  storage::SqliteProjectionSource source(store.path());
  ProjectionBuilder builder;
  size_t windows = 0;
  for (const properties::Batch& batch :
       SplitIntoBatches(history.rows, 1 + dice.Below(most_rows), &dice)) {
    store.Fold(batch, properties::kNow);
    if (dice.OneIn(4)) store.Fold(wire::CustomerErasure{dice.Of(history.customer_ids)});
    if (dice.OneIn(5)) {
      store.PutScoring(1 + static_cast<uint64_t>(dice.Below(4)),
                       properties::kNow / 86'400 - dice.Below(900));
    }
    if (dice.OneIn(9)) store.Rebuild();
    const auto version = builder.Advance(*source.Read().value()).value();
    ExpectDerived(*version);
    windows += AskForWindows(version, history, &dice);
    if (::testing::Test::HasFailure()) break;
  }
  return windows;
}

// A fold of new purchases, one for each of some customers.
properties::Batch PurchasesOfSome(int64_t customers, int round, Dice* dice) {
  properties::Batch batch{"purchases", {}};
  for (int64_t n = dice->Below(3); n < customers; n += 1 + dice->Below(4)) {
    const std::string id = std::to_string(n);
    batch.values.push_back(R"({"purchase_id":"p)" + std::to_string(round) + "-" + id +
                           R"(","customer_id":"c)" + id + R"(","purchase_amount":)" +
                           std::to_string(dice->Below(90)) + R"(,"purchase_date":"202)" +
                           std::to_string(2 + dice->Below(3)) + "-0" +
                           std::to_string(1 + dice->Below(9)) + R"(-11 10:00:00"})");
  }
  return batch;
}

properties::Batch DescriptionsOf(int64_t customers) {
  properties::Batch batch{"customers", {}};
  for (int64_t n = 0; n < customers; ++n) {
    batch.values.push_back(R"({"customer_id":"c)" + std::to_string(n) + R"(","country":"C)" +
                           std::to_string(n % 5) + R"(","signup_date":"2021-01-01"})");
  }
  return batch;
}

// Folds of many lots, of which some do not commit: then the version before is the last one again,
// and the next shares with it.
TEST(PopulationIndexTest, MadeWhileAFoldIsUnderWayEqualsDerived) {
  constexpr int64_t kCustomers = 400;
  Dice dice(properties::FirstSeed());
  FoldedStore store({.least_folded_ahead = SIZE_MAX});
  storage::SqliteProjectionSource source(store.path());
  ProjectionBuilder builder;
  store.coming().StartFollowing();
  store.Fold(DescriptionsOf(kCustomers), properties::kNow);
  store.PutScoring(1, properties::kNow / 86'400);
  std::vector<std::shared_ptr<const ProjectionVersion>> held = {
      builder.Advance(*source.Read().value()).value()};
  uint64_t last_fold = 0;
  for (int round = 0; round < 40 && !HasFailure(); ++round) {
    const auto before = held.back();
    store.coming().Want();
    store.Fold(PurchasesOfSome(kCustomers, round, &dice), properties::kNow);
    const auto fold = store.coming().WaitForFold(last_fold);
    ASSERT_TRUE(fold.has_value());
    last_fold = fold->number;
    ComingReading reading(store.coming(), *fold, *before);
    ASSERT_TRUE(builder.Foresee(reading).ok());
    const bool is_committed = dice.OneIn(2);
    auto version = builder.Settle(is_committed);
    EXPECT_EQ(version == before, !is_committed);
    ExpectDerived(*before);
    if (!is_committed) version = builder.Advance(*source.Read().value()).value();
    ExpectDerived(*version);
    EXPECT_GT(version->population->orders, before->population->orders);
    held.push_back(version);
    if (held.size() > 4) held.erase(held.begin() + dice.Below(3));
  }
  EXPECT_EQ(builder.loads(), 1u);
}

TEST(PopulationIndexTest, OfOneCubeThereMayBeSeveralThatFollow) {
  const auto cube_of = [](const RetentionCube& before, uint32_t set, int64_t date) {
    CustomerChunk chunk;
    chunk.attributes.Set(0, set);
    chunk.state.purchase_count.Set(0, 1);
    chunk.state.first[0] = static_cast<uint32_t>(date);
    OrderBlock::Orders orders;
    orders[0] = {{static_cast<uint32_t>(date), 10'000, true}};
    chunk.orders[0] = std::make_shared<const OrderBlock>(orders);
    RetentionCube::Change change;
    change.Add(nullptr, chunk, 0);
    return before.With(change);
  };
  constexpr int64_t kMonth = 31 * kSecondsPerDay;
  auto cube = std::make_unique<RetentionCube>(cube_of(RetentionCube(), 0, kMonth));
  const RetentionCube first = cube_of(*cube, 1, 2 * kMonth);
  const RetentionCube second = cube_of(*cube, 0, kMonth);
  cube.reset();
  EXPECT_EQ(first.all().size(), 2u);
  EXPECT_EQ(first.Of(0).size(), 1u);
  EXPECT_EQ(first.Of(1).size(), 1u);
  ASSERT_EQ(second.all().size(), 1u);
  EXPECT_EQ(second.all()[0]->size, 2u);
  EXPECT_EQ(second.Of(0)[0]->cells[0].orders, 2u);
  EXPECT_TRUE(second.Of(1).empty());
}

TEST(PopulationIndexTest, CarriedAlongEqualsDerived) {
  size_t windows = 0;
  for (uint64_t seed = 0; seed < 30 && !HasFailure(); ++seed) {
    windows += CheckHistory(properties::FirstSeed() + seed, {}, 6);
  }
  EXPECT_GT(windows, 100u);
}

TEST(PopulationIndexTest, CarriedAlongEqualsDerivedForManyCustomers) {
  for (uint64_t seed = 0; seed < 4 && !HasFailure(); ++seed) {
    CheckHistory(properties::FirstSeed() + 1'000 + seed,
                 {.max_customers = 600, .max_purchases = 1'500}, 90);
  }
}

}  // namespace
}  // namespace clv::query
