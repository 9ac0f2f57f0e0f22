// Fits and scores beside the fold.

#include "services/aggregation/model_keeper.h"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "common/base/instant.h"
#include "common/base/thread_priority.h"
#include "common/domain/customer_prediction.h"
#include "common/storage/sqlite/model_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using ::testing::HasSubstr;

class KeeperClock final : public Clock {
 public:
  int64_t NowMicros() const override { return (kNewYear + 900 * kDay) * 1'000'000; }
};

// Customers of different rates of whom some leave: `count` of them, from day 0 to day `days`.
std::vector<Buy> SomeShop(int count, int days) {
  std::mt19937_64 engine(9);
  std::vector<Buy> buys;
  for (int customer = 0; customer < count; ++customer) {
    const std::string id = "c" + std::to_string(10'000 + customer);
    double day = std::uniform_real_distribution<double>(0, days * 0.6)(engine);
    const double rate = std::gamma_distribution<double>(0.8, 1.0 / 25)(engine);
    const double value = 10 + std::gamma_distribution<double>(3, 10)(engine);
    for (int n = 0; day < days; ++n) {
      buys.push_back({.purchase_id = id + "-" + std::to_string(n),
                      .customer_id = id,
                      .units = static_cast<int64_t>(value) + n % 5,
                      .day = static_cast<int64_t>(day)});
      if (std::uniform_real_distribution<double>(0, 1)(engine) < 0.15) break;
      day += 1 + std::exponential_distribution<double>(rate)(engine);
    }
  }
  return buys;
}

class ModelKeeperTest : public FoldTest {
 protected:
  void SetUp() override {
    FoldTest::SetUp();
    models_ = std::make_unique<storage::SqliteModelStore>(store_.get(), clv_path_);
    MakeKeeper({.quiet = std::chrono::milliseconds(10),
                .longest_wait = std::chrono::milliseconds(100),
                .look = std::chrono::milliseconds(5)});
  }
  void TearDown() override { keeper_.reset(); }

  void MakeKeeper(const RefitPolicy& policy, std::function<bool()> are_changes_coming = {}) {
    keeper_ = std::make_unique<ModelKeeper>(
        ModelKeeper::Options{.store = models_.get(),
                             .clock = &clock_,
                             .policy = policy,
                             .are_changes_coming = std::move(are_changes_coming)});
  }

  static bool GoOn(double) { return true; }

  template <typename Condition>
  static void WaitUntil(const Condition& condition, const char* what) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << what;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  std::string Ask(const std::string& sql) { return storage::DumpRawSql(clv_path_, sql); }

  // Every prediction is what the model says of the customer's facts now.
  void ExpectCurrentPredictions() {
    const auto scoring = models_->Scoring();
    ASSERT_TRUE(scoring.ok() && *scoring);
    const auto fit = models_->FindModels((*scoring)->model_version);
    ASSERT_TRUE(fit.ok() && *fit);
    domain::FittedModel model = domain::ModelToServe((*fit)->models, (*fit)->models.chosen);
    const domain::CustomerScorer scorer(model, {});
    std::string expected;
    ASSERT_TRUE(
        models_
            ->ScanOrdersAfter("", -1,
                              [&](const storage::CustomerOrders& customer) {
                                const int64_t day =
                                    std::max((*scoring)->day, DayOf(customer.last_activity_date));
                                const domain::CustomerScore score = scorer.Score(
                                    domain::HistoryOf(customer.days, customer.imported, day));
                                char line[200];
                                std::snprintf(line, sizeof(line), "%.*s|%.12e|%.12e|%lld\n",
                                              static_cast<int>(customer.customer_id.size()),
                                              customer.customer_id.data(), *score.p_alive,
                                              score.predicted_clv, static_cast<long long>(day));
                                expected += line;
                                return absl::OkStatus();
                              })
            .ok());
    EXPECT_EQ(Ask("SELECT printf('%s|%.12e|%.12e|%d', customer_id, p_alive, predicted_clv, day) "
                  "FROM customer_predictions ORDER BY customer_id"),
              expected);
  }

  KeeperClock clock_;
  std::unique_ptr<storage::SqliteModelStore> models_;
  std::unique_ptr<ModelKeeper> keeper_;
};

TEST_F(ModelKeeperTest, FitsAndScoresEverybody) {
  Send(SomeShop(600, 500));
  const auto version = keeper_->FitNow(/*cold=*/true, GoOn);
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(*version, 1u);
  const auto stored = models_->FindModels(0);
  ASSERT_TRUE(stored.ok() && *stored);
  EXPECT_EQ((*stored)->version, 1u);
  EXPECT_EQ((*stored)->models.customers, 600u);
  EXPECT_EQ((*stored)->fitted_at_seconds, kNewYear + 900 * kDay);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM customer_predictions"), "600\n");
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, SaysWhyThereIsNoFit) {
  Send(SomeShop(50, 500));
  const auto version = keeper_->FitNow(true, GoOn);
  EXPECT_EQ(version.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(version.status().message()),
              HasSubstr("fewer than 100 repeat customers"));
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM clv_models"), "0\n");
}

TEST_F(ModelKeeperTest, EndsWhenToldAndChangesNothing) {
  Send(SomeShop(300, 500));
  const auto version = keeper_->FitNow(true, [](double) { return false; });
  EXPECT_EQ(version.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM clv_models"), "0\n");
}

TEST_F(ModelKeeperTest, EqualFactsGiveTheSameModel) {
  Send(SomeShop(400, 500));
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  EXPECT_EQ(Ask("SELECT COUNT(DISTINCT fit) FROM clv_models"), "1\n");
  EXPECT_EQ(Ask("SELECT MAX(model_version) FROM clv_models"), "2\n");
}

TEST_F(ModelKeeperTest, OrdersThatComeWhileCustomersAreReadBelongToTheNextFit) {
  Send(SomeShop(2'100, 500));  // more than are read in one state
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  bool has_sent = false;
  const auto send_once = [&](double) {
    if (!std::exchange(has_sent, true)) {
      Send({{.purchase_id = "later", .customer_id = "c12099", .units = 7, .day = 700},
            {.purchase_id = "new", .customer_id = "z", .units = 7, .day = 700}});
      Send(domain::ImportedClv{.customer_id = "z-imported",
                               .total_spend_micros = Units(500),
                               .purchase_count = 10,
                               .first_purchase_date = kNewYear,
                               .last_purchase_date = kNewYear + 700 * kDay,
                               .updated_at = kNewYear + 710 * kDay});
    }
    return true;
  };
  ASSERT_TRUE(keeper_->FitNow(true, send_once).ok());
  EXPECT_EQ(Ask("SELECT COUNT(DISTINCT fit) FROM clv_models"), "1\n");
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  EXPECT_EQ(Ask("SELECT COUNT(DISTINCT fit) FROM clv_models"), "2\n");
  ExpectCurrentPredictions();
}

// The fold waits for what the keeper writes.
TEST_F(ModelKeeperTest, ItsThreadGivesWayToAllAndThatWhichWritesToNobody) {
  const auto policy_of = [](int64_t thread) {
    return sched_getscheduler(static_cast<pid_t>(thread));
  };
  const int own = policy_of(gettid());
  if (own == SCHED_IDLE) GTEST_SKIP() << "the whole test gives way to all";
  int idlest = own;
  std::thread([&] {
    GiveWayToAll();
    idlest = policy_of(gettid());
  }).join();
  if (idlest != SCHED_IDLE) GTEST_SKIP() << "the system has no such policy";
  std::atomic<int> of_keeper = -1;
  MakeKeeper({.quiet = std::chrono::milliseconds(10), .look = std::chrono::milliseconds(1)}, [&] {
    of_keeper = policy_of(gettid());
    return false;
  });
  Send(SomeShop(600, 500));
  keeper_->Start();
  WaitUntil([&] { return models_->Scoring()->has_value(); }, "nothing was fitted");
  EXPECT_EQ(of_keeper, SCHED_IDLE);
  std::multiset<int> all;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    all.insert(policy_of(std::stoll(thread.path().filename())));
  }
  EXPECT_EQ(all.count(SCHED_IDLE), 1u);
  EXPECT_EQ(all.count(own), all.size() - 1);
}

TEST_F(ModelKeeperTest, FitsByItselfOnceThereIsEnough) {
  Send(SomeShop(600, 500));
  keeper_->Start();
  WaitUntil([&] { return Ask("SELECT COUNT(*) FROM scoring") == "1\n"; }, "a scoring");
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, AFoldThatIsUnderWayIsNoPause) {
  std::atomic<int> looks = 0;
  std::atomic<bool> is_folding = true;
  MakeKeeper({.quiet = std::chrono::milliseconds(10),
              .longest_wait = std::chrono::minutes(10),
              .look = std::chrono::milliseconds(1)},
             [&] {
               ++looks;
               return is_folding.load();
             });
  Send(SomeShop(600, 500));
  keeper_->Start();
  WaitUntil([&] { return looks > 50; }, "the keeper does not look");
  EXPECT_FALSE(models_->FindModels(0)->has_value());
  is_folding = false;
  WaitUntil([&] { return models_->Scoring()->has_value(); }, "nothing was fitted");
}

TEST_F(ModelKeeperTest, CustomersThatAFoldTouchesAreScoredAtOnce) {
  Send(SomeShop(600, 500));
  keeper_->Start();
  WaitUntil([&] { return Ask("SELECT COUNT(*) FROM scoring") == "1\n"; }, "a scoring");
  const std::string before =
      Ask("SELECT predicted_clv FROM customer_predictions WHERE customer_id = 'c10000'");
  // The horizon is day 499; this is not later, and a new customer comes with it.
  Send({Buy{"extra", "c10000", 900, 490}, Buy{"new", "newcomer", 5, 490}});
  WaitUntil(
      [&] {
        return Ask("SELECT predicted_clv FROM customer_predictions "
                   "WHERE customer_id = 'c10000'") != before &&
               Ask("SELECT COUNT(*) FROM customer_predictions") == "601\n";
      },
      "new scores");
  EXPECT_EQ(Ask("SELECT MAX(model_version) FROM clv_models"), "1\n") << "no new fit";
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, ANewDayIsScoredAndALaterOneFittedAgain) {
  Send(SomeShop(600, 500));
  keeper_->Start();
  WaitUntil([&] { return Ask("SELECT COUNT(*) FROM scoring") == "1\n"; }, "a scoring");
  const int64_t day = DayOf(kNewYear) + 502;
  Send({Buy{"day", "c10000", 900, 502}});
  WaitUntil([&] { return Ask("SELECT day FROM scoring") == std::to_string(day) + "\n"; },
            "the new day");
  EXPECT_EQ(Ask("SELECT MAX(model_version) FROM clv_models"), "1\n");
  ExpectCurrentPredictions();
  Send({Buy{"later", "c10000", 900, 510}});
  WaitUntil([&] { return Ask("SELECT model_version FROM scoring") == "2\n"; }, "the new model");
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, AKeeperThatStartsGoesOnFromTheStore) {
  Send(SomeShop(600, 500));
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  Send({Buy{"extra", "c10000", 900, 490}});
  keeper_->Start();
  WaitUntil(
      [&] {
        return Ask("SELECT COUNT(*) FROM customer_predictions WHERE customer_id = 'c10000' AND "
                   "expected_order_value > 100") == "1\n";
      },
      "the score of who changed meanwhile");
  EXPECT_EQ(Ask("SELECT MAX(model_version) FROM clv_models"), "1\n");
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, AKeeperThatStartsScoresOnlyWhoHasChanged) {
  Send(SomeShop(600, 500));
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  storage::RunRawSql(clv_path_,
                     "UPDATE customer_predictions SET predicted_clv = -1 "
                     "WHERE customer_id = 'c10001'");
  Send({Buy{"extra", "c10000", 900, 490}});
  MakeKeeper({.quiet = std::chrono::milliseconds(10),
              .longest_wait = std::chrono::milliseconds(100),
              .look = std::chrono::milliseconds(5)});
  keeper_->Start();
  WaitUntil(
      [&] {
        return Ask("SELECT scored_change = (SELECT MAX(change_id) FROM customer_changes) "
                   "FROM scoring") == "1\n";
      },
      "the last change to be scored");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM customer_predictions WHERE customer_id = 'c10000' AND "
                "expected_order_value > 100"),
            "1\n");
  EXPECT_EQ(Ask("SELECT predicted_clv = -1 FROM customer_predictions WHERE customer_id = 'c10001'"),
            "1\n")
      << "nothing has happened to this customer";
}

TEST_F(ModelKeeperTest, WithoutEnoughDataTheAverageComesBack) {
  Send(SomeShop(200, 500));
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  wire::LogCommand command;
  const auto transaction = store_->Begin();
  ASSERT_TRUE(transaction.ok());
  for (int customer = 0; customer < 200; ++customer) {
    ASSERT_TRUE((*transaction)->RemoveValue("c" + std::to_string(10'000 + customer)).ok());
  }
  ASSERT_TRUE((*transaction)->Commit(++last_position_).ok());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM customer_predictions"), "0\n")
      << "a removed customer leaves no prediction";
  keeper_->Start();
  WaitUntil([&] { return Ask("SELECT COUNT(*) FROM scoring") == "0\n"; }, "the end of the scoring");
}

TEST_F(ModelKeeperTest, ImportedCustomersAreScored) {
  Send(SomeShop(400, 500));
  Send(domain::ImportedClv{.customer_id = "imported",
                           .total_spend_micros = Units(500),
                           .purchase_count = 10,
                           .first_purchase_date = kNewYear,
                           .last_purchase_date = kNewYear + 300 * kDay,
                           .updated_at = kNewYear + 310 * kDay});
  ASSERT_TRUE(keeper_->FitNow(true, GoOn).ok());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM customer_predictions WHERE customer_id = 'imported' "
                "AND predicted_clv > 0"),
            "1\n");
  ExpectCurrentPredictions();
}

TEST_F(ModelKeeperTest, APredictionOfWhoIsGoneIsNotWritten) {
  Send(SomeShop(200, 500));
  const std::vector<storage::CustomerPrediction> predictions = {
      {.customer_id = "nobody", .day = 1}};
  ASSERT_TRUE(models_->PutPredictions(predictions, 1, {}).ok());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM customer_predictions"), "0\n");
}

}  // namespace
}  // namespace clv::aggregation
