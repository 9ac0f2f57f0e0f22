// Readers during a storm of updates see only states that existed, and everything that was announced
// before they asked.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/broadcast.h"
#include "common/storage/sqlite/customer_details.h"
#include "common/storage/sqlite/projection_source.h"
#include "common/wire/purchase_batch.h"
#include "services/query/projection/projection_reports.h"
#include "tests/properties/dice.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

using properties::Dice;

constexpr int kCustomers = 700;
constexpr int kFolds = 150;
constexpr int kRowsOfAFold = 60;
constexpr int kReaders = 3;
constexpr int64_t kBegin = 1'672'531'200;  // 2023-01-01

std::string IdOf(int customer) { return "c" + std::to_string(customer); }

struct Standing {
  int64_t spend_micros = 0;
  uint64_t orders = 0;

  bool operator==(const Standing&) const = default;
};

// What customers and all of them together are worth after each fold. Thread-safe.
class States {
 public:
  // Before the commit, for then readers may see it.
  void Put(storage::LogPosition position, const std::vector<Standing>& customers) {
    std::lock_guard lock(mutex_);
    states_[position] = customers;
  }
  std::vector<Standing> At(storage::LogPosition position) {
    std::lock_guard lock(mutex_);
    const auto at = states_.find(position);
    EXPECT_NE(at, states_.end()) << position << " never was";
    return at == states_.end() ? std::vector<Standing>(kCustomers) : at->second;
  }

 private:
  std::mutex mutex_;
  std::map<storage::LogPosition, std::vector<Standing>> states_;
};

// New purchases, and corrections that change amounts and may move purchases to others.
class Shop {
 public:
  explicit Shop(uint64_t seed, bool moves_purchases = true)
      : dice_(seed), moves_purchases_(moves_purchases), standings_(kCustomers) {}

  aggregation::LoggedRows Next() {
    std::vector<domain::Purchase> rows;
    for (int i = 0; i < kRowsOfAFold; ++i) {
      const bool is_new = purchases_.empty() || !dice_.OneIn(4);
      if (is_new) purchases_.push_back({});
      const size_t number = is_new ? purchases_.size() - 1 : Below(purchases_.size());
      Bought& bought = purchases_[number];
      if (!is_new) Count(bought, -1);
      if (is_new || moves_purchases_) bought.customer = static_cast<int>(Below(kCustomers));
      bought.micros = 1'000 * (1 + dice_.Below(1'000'000));
      Count(bought, 1);
      const std::string id = "p" + std::to_string(number);
      rows.push_back({.purchase_id = id,
                      .customer_id = IdOf(bought.customer),
                      .order_id = id,
                      .purchase_amount_micros = bought.micros,
                      .purchase_date = kBegin + static_cast<int64_t>(number) * 60,
                      .currency = "USD"});
    }
    aggregation::LoggedRows logged;
    logged.received_at_seconds = kBegin;
    logged.purchases = wire::BatchOf(rows);
    return logged;
  }

  const std::vector<Standing>& standings() const { return standings_; }

 private:
  struct Bought {
    int customer = 0;
    int64_t micros = 0;
  };
  size_t Below(size_t n) { return static_cast<size_t>(dice_.Below(static_cast<int64_t>(n))); }
  void Count(const Bought& bought, int sign) {
    Standing& standing = standings_[static_cast<size_t>(bought.customer)];
    standing.spend_micros += sign * bought.micros;
    standing.orders += static_cast<uint64_t>(static_cast<int64_t>(sign));
  }

  Dice dice_;
  const bool moves_purchases_;
  std::vector<Bought> purchases_;
  std::vector<Standing> standings_;
};

class ProjectionReadersTest : public ::testing::Test {
 protected:
  explicit ProjectionReadersTest(const FoldedStore::Options& store = {}) : store_(store) {}

  // What an answer says of its own state: it is not older than what was announced before the
  // question, nor than the answers that the same reader had before.
  void CheckPosition(const storage::ReportContext& context, storage::LogPosition announced,
                     storage::LogPosition* seen) {
    EXPECT_GE(context.folded_position, announced);
    EXPECT_GE(context.folded_position, *seen);
    *seen = context.folded_position;
  }

  // Of all customers, and of those with orders in a window, which is all of them.
  void CheckSegments(bool in_window, storage::LogPosition* seen) {
    storage::SegmentQuery query;
    if (in_window) query.scope.window = {.start = kBegin, .end = std::nullopt};
    const storage::LogPosition announced = announced_;
    const auto report = reports_.ClvBySegment(query);
    ASSERT_TRUE(report.ok()) << report.status();
    CheckPosition(report->context, announced, seen);
    Standing sum;
    uint64_t customers = 0;
    for (const auto& row : report->rows) {
      sum.spend_micros += static_cast<int64_t>(row.window_revenue_micros);
      sum.orders += static_cast<uint64_t>(row.window_orders);
      customers += row.customers;
    }
    CheckTotals(report->context.folded_position, sum, customers);
  }

  void CheckFrequency(storage::LogPosition* seen) {
    const storage::LogPosition announced = announced_;
    const auto report = reports_.FrequencyByOrders({.scope = {}, .buckets = {1, 2, 5}});
    ASSERT_TRUE(report.ok()) << report.status();
    CheckPosition(report->context, announced, seen);
    Standing sum;
    uint64_t customers = 0;
    for (const auto& row : report->rows) {
      sum.spend_micros += static_cast<int64_t>(row.revenue_micros);
      sum.orders += row.orders;
      customers += row.customers;
    }
    CheckTotals(report->context.folded_position, sum, customers);
  }

  // Orders and revenue of all cohorts, in all periods.
  void CheckRetention(storage::LogPosition* seen) {
    const storage::LogPosition announced = announced_;
    const auto report = reports_.CustomerRetention({.scope = {}, .periods = 1'000});
    ASSERT_TRUE(report.ok()) << report.status();
    CheckPosition(report->context, announced, seen);
    Standing sum;
    uint64_t customers = 0;
    for (const auto& row : report->rows) {
      if (!row.cohort) continue;
      sum.spend_micros += static_cast<int64_t>(row.revenue_micros);
      sum.orders += row.orders;
      if (row.period == 0) customers += row.cohort_size;
    }
    CheckTotals(report->context.folded_position, sum, customers);
  }

  void CheckTotals(storage::LogPosition position, const Standing& sum, uint64_t customers) {
    Standing expected;
    uint64_t expected_customers = 0;
    for (const Standing& standing : states_.At(position)) {
      expected.spend_micros += standing.spend_micros;
      expected.orders += standing.orders;
      expected_customers += standing.orders > 0 ? 1 : 0;
    }
    EXPECT_EQ(sum, expected) << "at " << position;
    EXPECT_EQ(customers, expected_customers) << "at " << position;
  }

  void CheckCustomers(Dice& dice, storage::LogPosition* seen) {
    const storage::LogPosition announced = announced_;
    storage::CustomerValueQuery query;
    if (dice.OneIn(2)) {
      for (int i = 0; i < 5; ++i) {
        query.customer_ids.push_back(IdOf(static_cast<int>(dice.Below(kCustomers))));
      }
    }
    const auto report = reports_.TotalCustomerValue(query);
    ASSERT_TRUE(report.ok()) << report.status();
    CheckPosition(report->context, announced, seen);
    const std::vector<Standing> expected = states_.At(report->context.folded_position);
    for (const auto& row : report->rows) {
      const Standing standing{static_cast<int64_t>(row.total_spend_micros), row.purchase_count};
      EXPECT_EQ(standing, expected[std::stoul(row.customer_id.substr(1))]) << row.customer_id;
    }
    if (query.customer_ids.empty()) {
      EXPECT_EQ(report->rows.size(),
                static_cast<size_t>(std::count_if(expected.begin(), expected.end(),
                                                  [](const Standing& s) { return s.orders > 0; })));
    }
  }

  void Read(uint64_t seed) {
    Dice dice(seed);
    storage::LogPosition seen = 0;
    while (!is_over_ && !HasFailure()) {
      switch (dice.Below(4)) {
        case 0:
          CheckSegments(dice.OneIn(2), &seen);
          break;
        case 1:
          CheckFrequency(&seen);
          break;
        case 2:
          CheckRetention(&seen);
          break;
        default:
          CheckCustomers(dice, &seen);
      }
      std::lock_guard lock(mutex_);
      ++answers_;
      answered_.notify_all();
    }
  }

  // Lets the readers keep up with the writer, on however few cores.
  void AwaitAnswers(int count) {
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, std::chrono::minutes(1), [&] { return answers_ >= count; });
  }

  void Fold(Shop& shop) {
    aggregation::LoggedRows rows = shop.Next();
    states_.Put(store_.position() + 1, shop.standings());
    store_.Fold(std::move(rows));
    announced_ = store_.announced();
    folded_.Notify();
  }

  // `unannounced`: how many folds are left without announcement.
  void WeatherAStorm(Shop shop, const std::function<int(int fold)>& unannounced) {
    Fold(shop);
    std::vector<std::thread> readers;
    for (uint64_t i = 0; i < kReaders; ++i) readers.emplace_back([this, i] { Read(i); });
    for (int i = 0; i < kFolds && !HasFailure(); ++i) {
      store_.LeaveUnannounced(static_cast<uint64_t>(unannounced(i)));
      Fold(shop);
      AwaitAnswers(i);
    }
    is_over_ = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_GE(answers_, kFolds - 1);
  }

  FoldedStore store_;
  States states_;
  Broadcast folded_;
  std::atomic<storage::LogPosition> announced_{0};
  std::atomic<bool> is_over_{false};
  std::mutex mutex_;
  std::condition_variable answered_;
  int answers_ = 0;  // with mutex_ held
  ProjectionReports reports_{
      std::make_unique<Projection>(
          std::make_unique<storage::SqliteProjectionSource>(store_.path()),
          std::make_unique<storage::SqliteChangeWatch>(store_.path(), &folded_),
          Projection::Options{.coming = &store_.coming()}),
      std::make_unique<storage::SqliteCustomerDetails>(store_.path())};
};

TEST_F(ProjectionReadersTest, SeeStatesThatExisted) {
  WeatherAStorm(Shop(1), [](int /*fold*/) { return 0; });
}

TEST_F(ProjectionReadersTest, SeeStatesThatExistedWhereSomeAreAnnouncedLater) {
  WeatherAStorm(Shop(1), [](int fold) { return fold / 10 % 4; });
}

// Where every fold tells of all its customers while it is under way.
class ReadersOfToldFoldsTest : public ProjectionReadersTest {
 protected:
  ReadersOfToldFoldsTest() : ProjectionReadersTest({.least_folded_ahead = SIZE_MAX}) {}
};

TEST_F(ReadersOfToldFoldsTest, SeeStatesThatExisted) {
  WeatherAStorm(Shop(1, false), [](int /*fold*/) { return 0; });
}

// A moved purchase is not told: of most folds some lots are made in vain.
TEST_F(ReadersOfToldFoldsTest, SeeStatesThatExistedWherePurchasesMove) {
  WeatherAStorm(Shop(1), [](int fold) { return fold / 10 % 4; });
}

TEST_F(ProjectionReadersTest, AVersionStaysAsItWasWhileOthersAreMade) {
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store_.path()),
                        std::make_unique<storage::SqliteChangeWatch>(store_.path(), &folded_));
  constexpr auto kForever = Projection::Deadline::max();
  Shop shop(2);
  std::vector<std::shared_ptr<const ProjectionVersion>> versions;
  for (int i = 0; i < 40; ++i) {
    Fold(shop);
    const auto version = projection.Newest(kForever);
    ASSERT_TRUE(version.ok()) << version.status();
    versions.push_back(*version);
  }
  for (const auto& version : versions) {
    const std::vector<Standing> expected = states_.At(version->folded_position);
    for (int customer = 0; customer < kCustomers; ++customer) {
      const auto number = version->Find(IdOf(customer));
      Standing standing;
      if (number) {
        const size_t i = *number % kChunkCustomers;
        const CustomerChunk& chunk = version->ChunkOf(*number);
        standing.orders = static_cast<uint64_t>(chunk.state.purchase_count[i]);
        standing.spend_micros = chunk.state.spend_micros[i];
        Standing of_orders;
        chunk.ForEachOrder(i, [&](uint32_t, int64_t value_micros, bool) {
          of_orders.spend_micros += value_micros;
          ++of_orders.orders;
        });
        EXPECT_EQ(of_orders, standing) << IdOf(customer);
      }
      EXPECT_EQ(standing, expected[static_cast<size_t>(customer)])
          << IdOf(customer) << " at " << version->folded_position;
    }
  }
}

TEST_F(ProjectionReadersTest, AnAnswerAboutOneCustomerIsGivenAgainUntilHeChanges) {
  Shop shop(4);
  Fold(shop);
  const auto ask = [&] {
    storage::CustomerValueQuery query;
    query.customer_ids = {IdOf(0)};
    query.scope.deadline = Projection::Deadline::max();
    return reports_.TotalCustomerValue(query).value().rows.at(0);
  };
  const auto name = [&](const std::string& text, int64_t at) {
    aggregation::LoggedRows rows;
    rows.customers.push_back({.customer_id = IdOf(0), .name = text, .created_at = at});
    store_.Fold(std::move(rows));
  };
  name("Anna", 1);
  EXPECT_EQ(ask().name, "Anna");
  EXPECT_EQ(ask().name, "Anna");
  name("Berta", 2);
  EXPECT_EQ(ask().name, "Berta");
  const auto spend = ask().total_spend_micros;
  EXPECT_EQ(ask().total_spend_micros, spend);
  aggregation::LoggedRows rows;
  rows.purchases = wire::BatchOf({{.purchase_id = "one more",
                                   .customer_id = IdOf(0),
                                   .order_id = "one more",
                                   .purchase_amount_micros = 1,
                                   .purchase_date = kBegin,
                                   .currency = "USD"}});
  store_.Fold(std::move(rows));
  EXPECT_EQ(ask().total_spend_micros, spend + 1);
  EXPECT_EQ(ask().name, "Berta");
}

// Numbers are of the version that there is, names of the store, which may be ahead.
TEST_F(ProjectionReadersTest, SeeNamesThatBelongToTheNumbers) {
  store_.LeaveUnannounced(1);
  for (int64_t i = 1; i <= 200; ++i) {
    aggregation::LoggedRows rows;
    rows.customers.push_back({.customer_id = "c0", .name = std::to_string(i), .created_at = i});
    rows.purchases = wire::BatchOf({{.purchase_id = "p",
                                     .customer_id = "c0",
                                     .order_id = "p",
                                     .purchase_amount_micros = i,
                                     .purchase_date = kBegin,
                                     .currency = "USD",
                                     .created_at = i}});
    store_.Fold(std::move(rows));
    storage::CustomerValueQuery query;
    if (i % 2 == 0) query.customer_ids = {"c0"};
    query.scope.deadline = Projection::Deadline::max();
    const auto report = reports_.TotalCustomerValue(query).value();
    if (i == 1 && report.rows.empty()) continue;
    ASSERT_EQ(report.rows.size(), 1u);
    const auto spend = static_cast<int64_t>(report.rows[0].total_spend_micros);
    EXPECT_GE(spend, i - 1);
    EXPECT_EQ(report.rows[0].name, std::to_string(spend));
  }
}

TEST_F(ProjectionReadersTest, ShareWhatDoesNotChange) {
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store_.path()),
                        std::make_unique<storage::SqliteChangeWatch>(store_.path(), &folded_));
  Shop shop(3);
  for (int i = 0; i < 30; ++i) Fold(shop);
  const auto before = projection.Newest(Projection::Deadline::max()).value();
  aggregation::LoggedRows rows;
  rows.purchases = wire::BatchOf({{.purchase_id = "one more",
                                   .customer_id = std::string(before->IdOf(0)),
                                   .order_id = "one more",
                                   .purchase_amount_micros = 1,
                                   .purchase_date = kBegin,
                                   .currency = "USD"}});
  store_.Fold(std::move(rows));
  const auto after = projection.Newest(Projection::Deadline::max()).value();
  ASSERT_EQ(after->chunks.size(), before->chunks.size());
  EXPECT_NE(&after->chunks[0], &before->chunks[0]);
  EXPECT_NE(after->chunks[0].orders[0], before->chunks[0].orders[0]);
  EXPECT_EQ(after->chunks[0].orders[1], before->chunks[0].orders[1]);
  EXPECT_EQ(&after->chunks[1], &before->chunks[1]);
}

}  // namespace
}  // namespace clv::query
