#include "services/query/projection/window_keeper.h"

#include <chrono>
#include <memory>
#include <string>

#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
#include "services/query/projection/projection_builder.h"
#include "services/query/projection/projection_version.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

constexpr uint32_t kMarch = 1'677'628'800;  // 2023-03-01
constexpr DateRange kFromMarch{.first = kMarch};

using Version = std::shared_ptr<const ProjectionVersion>;
using Sums = std::shared_ptr<const ValueSums>;

class WindowKeeperTest : public ::testing::Test {
 protected:
  // A purchase of each of some customers, and the version with it.
  Version Fold(int begin, int end, const std::string& date) {
    properties::Batch batch{"purchases", {}};
    for (int i = begin; i < end; ++i) {
      batch.values.push_back(R"({"purchase_id":"p)" + std::to_string(purchases_++) +
                             R"(","customer_id":"c)" + std::to_string(i) +
                             R"(","purchase_amount":"2","purchase_date":")" + date + "\"}");
    }
    store_.Fold(batch, properties::kNow);
    return builder_.Advance(*source_.Read().value()).value();
  }

  static Sums Ask(const Version& version, const DateRange& window) {
    return version->window_keeper.lock()
        ->SumsOf(version, window, [&] { return Make(version, window); })
        .value();
  }
  static absl::StatusOr<ValueSums> Make(const Version& version, const DateRange& window) {
    return ValueSums::InWindow(*version, *version->population, window, {});
  }
  static uint64_t MembersOf(const Sums& sums) {
    return sums->CustomersOf([](uint32_t /*set*/) { return true; });
  }

  int purchases_ = 0;
  FoldedStore store_;
  storage::SqliteProjectionSource source_{store_.path()};
  ProjectionBuilder builder_;
};

TEST_F(WindowKeeperTest, MakesTheSumsOfAWindowThatIsAskedForAgain) {
  const Version version = Fold(0, 10, "2023-03-02");
  EXPECT_EQ(Ask(version, kFromMarch), nullptr);
  EXPECT_EQ(Ask(version, {.first = kMarch + 1}), nullptr) << "another one";
  const Sums sums = Ask(version, kFromMarch);
  ASSERT_NE(sums, nullptr);
  EXPECT_EQ(MembersOf(sums), 10u);
  EXPECT_EQ(Ask(version, kFromMarch), sums);
}

TEST_F(WindowKeeperTest, CarriesThemAlongWithTheVersions) {
  Version version = Fold(0, 10, "2023-02-27");
  Ask(version, kFromMarch);
  EXPECT_EQ(MembersOf(Ask(version, kFromMarch)), 0u);
  const Version earlier = version;
  version = Fold(5, 12, "2023-03-02");
  EXPECT_EQ(MembersOf(Ask(version, kFromMarch)), 7u);
  version = Fold(0, 2, "2023-03-03");
  const Sums sums = Ask(version, kFromMarch);
  EXPECT_EQ(MembersOf(sums), 9u);
  EXPECT_TRUE(sums->IsMember(*version->Find("c1")));
  EXPECT_FALSE(sums->IsMember(*version->Find("c4")));
  EXPECT_EQ(Ask(earlier, kFromMarch), nullptr) << "nothing is kept of the past";
}

TEST_F(WindowKeeperTest, CatchesUpWithWhatChangesWhileTheyAreMade) {
  const Version version = Fold(0, 10, "2023-03-02");
  Ask(version, kFromMarch);
  const auto made = version->window_keeper.lock()->SumsOf(version, kFromMarch, [&] {
    auto sums = Make(version, kFromMarch);
    Fold(8, 15, "2023-03-03");
    Fold(14, 17, "2023-03-03");
    return sums;
  });
  EXPECT_EQ(MembersOf(made.value()), 10u);
  const Version later = Fold(17, 18, "2023-03-03");
  ASSERT_EQ(later->windows.size(), 1u);
  EXPECT_EQ(MembersOf(later->windows[0].sums), 18u);
  EXPECT_EQ(Ask(later, kFromMarch), later->windows[0].sums);
}

TEST_F(WindowKeeperTest, GivesUpWhatTooMuchChangedWhileItWasMade) {
  const Version version = Fold(0, 700, "2023-03-02");
  Ask(version, kFromMarch);
  const auto made = version->window_keeper.lock()->SumsOf(version, kFromMarch, [&] {
    auto sums = Make(version, kFromMarch);
    for (int fold = 0; fold < 3; ++fold) Fold(0, 700, "2023-03-03");
    Fold(0, 1, "2023-03-05");
    return sums;
  });
  EXPECT_EQ(MembersOf(made.value()), 700u);
  const Version later = Fold(1, 2, "2023-03-05");
  EXPECT_TRUE(later->windows.empty());
}

TEST_F(WindowKeeperTest, DoesNotMakeThoseOfAVersionThatHasBeenFollowed) {
  const Version version = Fold(0, 10, "2023-03-02");
  const Version later = Fold(0, 10, "2023-03-03");
  Ask(version, kFromMarch);
  EXPECT_EQ(Ask(version, kFromMarch), nullptr);
  EXPECT_NE(Ask(later, kFromMarch), nullptr);
}

TEST_F(WindowKeeperTest, TriesAgainAfterAnError) {
  const Version version = Fold(0, 10, "2023-03-02");
  Ask(version, kFromMarch);
  const auto failed = version->window_keeper.lock()->SumsOf(
      version, kFromMarch, [] { return absl::DeadlineExceededError("late"); });
  EXPECT_TRUE(absl::IsDeadlineExceeded(failed.status()));
  EXPECT_NE(Ask(version, kFromMarch), nullptr);
}

TEST_F(WindowKeeperTest, SumsAreNotMadePastTheDeadline) {
  const Version version = Fold(0, 10, "2023-03-02");
  const auto past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const auto sums =
      ValueSums::InWindow(*version, *version->population, kFromMarch, {.deadline = past});
  EXPECT_TRUE(absl::IsDeadlineExceeded(sums.status()));
}

TEST_F(WindowKeeperTest, KeepsNoneWhereTheSetsOfAttributesAreMany) {
  const auto describe = [&](size_t begin, size_t end) {
    properties::Batch customers{"customers", {}};
    for (size_t i = begin; i < end; ++i) {
      customers.values.push_back(R"({"customer_id":"c)" + std::to_string(i) + R"(","country":"k)" +
                                 std::to_string(i) + "\"}");
    }
    store_.Fold(customers, properties::kNow);
  };
  describe(0, 1'000);
  Version version = Fold(0, 1'000, "2023-03-02");
  Ask(version, kFromMarch);
  EXPECT_NE(Ask(version, kFromMarch), nullptr);
  version = Fold(0, 1, "2023-03-03");
  ASSERT_EQ(version->windows.size(), 1u);
  describe(1'000, WindowKeeper::kMostAttributeSets + 1);
  version = Fold(0, 1, "2023-03-04");
  EXPECT_TRUE(version->windows.empty());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(version, kFromMarch), nullptr);
}

TEST_F(WindowKeeperTest, LeavesAWindowToWhoMakesIt) {
  const Version version = Fold(0, 10, "2023-03-02");
  Ask(version, kFromMarch);
  const auto made = version->window_keeper.lock()->SumsOf(version, kFromMarch, [&] {
    EXPECT_EQ(Ask(version, kFromMarch), nullptr);
    return Make(version, kFromMarch);
  });
  EXPECT_NE(made.value(), nullptr);
}

TEST_F(WindowKeeperTest, KeepsThoseAskedForLast) {
  Version version = Fold(0, 10, "2023-03-02");
  const auto window = [](uint32_t n) { return DateRange{.first = kMarch + n}; };
  constexpr uint32_t kMost = WindowKeeper::kMostWindows;
  for (uint32_t n = 0; n < kMost; ++n) {
    Ask(version, window(n));
    Ask(version, window(n));
  }
  version = Fold(0, 10, "2023-03-03");
  EXPECT_EQ(version->windows.size(), size_t{kMost});
  version = Fold(0, 10, "2023-03-04");
  for (uint32_t n = 1; n <= kMost; ++n) {
    Ask(version, window(n));
    Ask(version, window(n));
  }
  version = Fold(0, 1, "2023-03-05");
  EXPECT_EQ(version->windows.size(), size_t{kMost});
  for (uint32_t n = 1; n <= kMost; ++n) EXPECT_NE(Ask(version, window(n)), nullptr) << n;
  EXPECT_EQ(Ask(version, window(0)), nullptr);
}

TEST_F(WindowKeeperTest, ForgetsAWindowThatNobodyAsksForAnyMore) {
  Version version = Fold(0, 1'000, "2023-03-02");
  Ask(version, kFromMarch);
  Ask(version, kFromMarch);
  for (int day = 3; day < 9; ++day) {
    version = Fold(0, 1'000, "2023-03-0" + std::to_string(day));
    if (day < 5) Ask(version, kFromMarch);
  }
  EXPECT_EQ(version->windows.size(), 1u) << "4,000 changes are not enough";
  version = Fold(0, 1'000, "2023-03-09");
  version = Fold(0, 1'000, "2023-03-10");
  EXPECT_TRUE(version->windows.empty());
}

TEST_F(WindowKeeperTest, BeginsAnewWhereAVersionIsMadeFromNothing) {
  Version version = Fold(0, 10, "2023-03-02");
  Ask(version, kFromMarch);
  Ask(version, kFromMarch);
  const std::weak_ptr<WindowKeeper> keeper = version->window_keeper;
  store_.Fold(wire::CustomerErasure{"c3"});
  store_.AdoptReportingCurrency("EUR");
  version = builder_.Advance(*source_.Read().value()).value();
  EXPECT_TRUE(keeper.expired());
  EXPECT_TRUE(version->windows.empty());
  EXPECT_EQ(Ask(version, kFromMarch), nullptr);
  EXPECT_NE(Ask(version, kFromMarch), nullptr);
}

}  // namespace
}  // namespace clv::query
