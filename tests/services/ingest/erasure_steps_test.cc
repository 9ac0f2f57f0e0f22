// Erasure in ingest, step by step, on a real log beside a real fold.

#include "services/ingest/erasure_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/services/ingest/erasure_scene.h"

namespace clv::ingest {
namespace {

using domain::Customer;
using domain::DataSource;
using domain::ImportedClv;
using domain::Purchase;
using storage::LogPosition;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kText[] = "canary text";

Purchase Buy(const std::string& id, const std::string& customer, int64_t units,
             std::optional<int64_t> created_at = {}) {
  return {.purchase_id = id,
          .customer_id = customer,
          .order_id = id,
          .purchase_amount_micros = units * 1'000'000,
          .purchase_date = 1'672'531'200 + units,
          .product_name = customer == kCanary ? kText : "",
          .created_at = created_at};
}

wire::LogRows Rows(std::vector<Purchase> purchases, int64_t received_at_seconds = 1) {
  return {.received_at_seconds = received_at_seconds, .purchases = std::move(purchases)};
}

wire::LogRows ErasureRecord(const std::string& customer, std::vector<std::string> known = {}) {
  return {
      .received_at_seconds = 1'000,
      .wants_outcome = true,
      .command = wire::CustomerErasure{.customer_id = customer, .known_texts = std::move(known)}};
}

storage::QuarantinedRow Refused(DataSource data_source, const std::string& raw,
                                std::vector<storage::QuarantinedColumn> columns = {}) {
  return {.data_source = data_source,
          .columns = std::move(columns),
          .error = "is no row",
          .reason = "is no row",
          .inserted_at_seconds = SystemClock().NowSeconds(),
          .raw = raw,
          .raw_length = raw.size()};
}

class ErasureStepsTest : public ::testing::Test {
 protected:
  // Appends an erasure of the canary, folds it and runs its steps.
  void Erase(std::vector<std::string> known = {}) {
    const LogPosition erasure = scene_.Append(ErasureRecord(kCanary, std::move(known)));
    scene_.FoldAll();
    const absl::Status status = scene_.Erase(erasure);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_THAT(scene_.log().OpenErasures(), IsEmpty());
    EXPECT_EQ(scene_.Replayed(), scene_.State());
    EXPECT_FALSE(scene_.FilesHold(kCanary));
    EXPECT_FALSE(scene_.FilesHold(kText));
  }

  ErasureScene scene_;
};

TEST_F(ErasureStepsTest, TakesEveryRowOfTheCustomerOutOfTheLog) {
  scene_.Append({.received_at_seconds = 1,
                 .customers = {{.customer_id = kCanary, .name = "Canary Name"},
                               {.customer_id = "other", .name = "Other Name"}}});
  scene_.Append(Rows({Buy("p1", kCanary, 1), Buy("p2", "other", 2), Buy("p3", kCanary, 3)}));
  scene_.Append(
      {.received_at_seconds = 1,
       .customer_clvs = {{.customer_id = kCanary, .purchase_count = 1, .updated_at = 5}}});
  Erase();
  const std::vector<wire::LogRows> records = scene_.Records();
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_THAT(records[0].customers, SizeIs(1));
  EXPECT_EQ(records[1].purchases, std::vector<Purchase>{Buy("p2", "other", 2)});
  EXPECT_THAT(records[2].customer_clvs, IsEmpty());
  EXPECT_EQ(std::get<wire::CustomerErasure>(records[3].command), wire::CustomerErasure());
  EXPECT_EQ(scene_.counts().removed_rows, 4u);
  EXPECT_EQ(scene_.counts().removed_log_rows, 4u);
  EXPECT_FALSE(scene_.FilesHold("Canary Name"));
  EXPECT_TRUE(scene_.FilesHold("Other Name"));
}

TEST_F(ErasureStepsTest, AnUnknownCustomerIsNoError) {
  scene_.Append(Rows({Buy("p1", "other", 1)}));
  Erase();
  EXPECT_EQ(scene_.counts().removed_rows, 0u);
  EXPECT_EQ(scene_.counts().removed_log_rows, 0u);
}

TEST_F(ErasureStepsTest, AVersionThatEndedAnothersLeavesItsKey) {
  scene_.Append(Rows({Buy("p1", "other", 1, 5), Buy("q", "other", 9)}, 10));
  scene_.Append(Rows({Buy("p1", kCanary, 2)}, 20));
  // Older than the first version: it wins only because the one between has no created_at.
  scene_.Append(Rows({Buy("p1", "third", 3, 2)}, 30));
  Erase();
  EXPECT_EQ(scene_.Records()[1].purchases,
            std::vector<Purchase>({{.purchase_id = "p1", .order_id = "p1"}}));
}

TEST_F(ErasureStepsTest, AVersionThatLostAgainstTheCustomersGoes) {
  scene_.Append(Rows({Buy("p1", kCanary, 2, 9)}));
  scene_.Append(Rows({Buy("p1", "other", 3, 2)}));
  Erase();
  EXPECT_THAT(scene_.Records()[1].purchases, IsEmpty());
  EXPECT_EQ(scene_.counts().removed_log_rows, 2u);
}

TEST_F(ErasureStepsTest, VersionsOfOthersThatTheCustomersEndedLoseTheirTexts) {
  Purchase first = Buy("p1", "other", 1, 1);
  first.product_name = "the jacket";
  Purchase lost = Buy("p1", "other", 8, 0);
  lost.product_name = "the jacket in red";
  Purchase second = first;
  second.created_at = 2;
  second.product_name = "the blue jacket";
  scene_.Append(Rows({first, lost, Buy("q", "other", 9)}, 10));
  scene_.Append(Rows({second}, 20));
  scene_.Append(Rows({Buy("p1", kCanary, 2, 3)}, 30));
  Erase();
  EXPECT_FALSE(scene_.FilesHold("jacket"));
  const std::vector<wire::LogRows> records = scene_.Records();
  ASSERT_THAT(records[0].purchases, SizeIs(2));
  EXPECT_EQ(records[0].purchases[0].customer_id, "other");
  EXPECT_EQ(records[0].purchases[0].purchase_amount_micros, 1'000'000);
  EXPECT_EQ(records[0].purchases[1].purchase_id, "q");
  EXPECT_NE(records[0].purchases[0].product_id, records[1].purchases[0].product_id);
}

TEST_F(ErasureStepsTest, APurchaseThatMovedAwayStaysWithItsNewCustomer) {
  scene_.Append(Rows({Buy("p1", kCanary, 1, 1)}, 10));
  scene_.Append(Rows({Buy("p1", "other", 1, 2)}, 20));
  Erase();
  EXPECT_EQ(scene_.Records()[1].purchases, std::vector<Purchase>{Buy("p1", "other", 1, 2)});
}

TEST_F(ErasureStepsTest, StagedRowsOfTheCustomerGoAndThoseOfOthersStay) {
  scene_.Append({.received_at_seconds = 1,
                 .purchases = {Buy("p1", kCanary, 1), Buy("p2", "other", 2)},
                 .load_id = "load"});
  Erase();
  scene_.Append({.received_at_seconds = 2,
                 .command = wire::LoadCommit{.load_id = "load",
                                             .first_position = 1,
                                             .replaces = {.data_source = DataSource::kPurchases}}});
  scene_.FoldAll();
  EXPECT_EQ(scene_.Replayed(), scene_.State());
  EXPECT_NE(scene_.State().find("other"), std::string::npos);
}

TEST_F(ErasureStepsTest, ConditionsOfCommandsForgetTheCustomer) {
  scene_.Append(Rows({Buy("p1", kCanary, 1), Buy("p2", "a", 2), Buy("p3", "d", 2)}, 10));
  scene_.Append({.received_at_seconds = 1,
                 .customers = {{.customer_id = kCanary, .email = "canary@example.com"},
                               {.customer_id = "a", .email = "a@example.com"}}});
  const auto deletion = [&](DataSource data_source, const std::string& condition) {
    scene_.Append({.received_at_seconds = 20,
                   .command = wire::RowDeletion{
                       data_source, domain::ParseRowCondition(data_source, condition).value()}});
  };
  deletion(DataSource::kPurchases, "customer_id in ('a', 'canary-person-7') and order_id = 'p1'");
  deletion(DataSource::kPurchases, "customer_id <= 'canary-person-7'");
  deletion(DataSource::kCustomers, "email = 'canary@example.com' or name = 'x'");
  Erase();
  EXPECT_FALSE(scene_.FilesHold("canary@example.com"));
  EXPECT_TRUE(scene_.FilesHold("a@example.com"));
}

TEST_F(ErasureStepsTest, RemovesWhatNamesThePersonFromTheQuarantine) {
  scene_.Append({.received_at_seconds = 1,
                 .customers = {{.customer_id = kCanary, .name = "Old Canary Name"}}});
  scene_.Quarantine({
      Refused(DataSource::kCustomers, "{\"customer_id\":\"canary-person-7\", oops"),
      Refused(DataSource::kPurchases, "nothing at all"),
      Refused(DataSource::kPurchases, "a mail to CANARY@example.com"),
      Refused(DataSource::kCustomerClv, "{}",
              {{.name = "country", .raw = "old canary name", .error = "e", .reason = "r"}}),
      Refused(DataSource::kCustomers, "nary-person-7 and canary-person-"),
  });
  Erase({"canary@example.com"});
  EXPECT_EQ(scene_.counts().removed_quarantined_rows, 3u);
  EXPECT_THAT(scene_.Quarantined(DataSource::kCustomers), SizeIs(1));
  EXPECT_THAT(scene_.Quarantined(DataSource::kPurchases), SizeIs(1));
  EXPECT_THAT(scene_.Quarantined(DataSource::kCustomerClv), IsEmpty());
  EXPECT_FALSE(scene_.FilesHold("anary@example.com"));
  EXPECT_FALSE(scene_.FilesHold("Old Canary Name"));
}

TEST_F(ErasureStepsTest, EndsWithWhatItWasToldWhenTheRecordIsBlankAlready) {
  const LogPosition erasure = scene_.Append(ErasureRecord(kCanary));
  scene_.FoldAll();
  wire::LogRows blank = ErasureRecord("");
  ASSERT_TRUE(scene_.log()
                  .ReplaceRecords({{.position = erasure, .payload = wire::EncodeLogRecord(blank)}})
                  .ok());
  EXPECT_TRUE(scene_.Erase(erasure).ok());
  EXPECT_THAT(scene_.log().OpenErasures(), IsEmpty());
}

TEST_F(ErasureStepsTest, AnErasureTakesEarlierOnesOfTheSameCustomerWithIt) {
  const LogPosition first = scene_.Append(ErasureRecord(kCanary));
  scene_.Append(Rows({Buy("p", kCanary, 1)}));
  Erase();
  EXPECT_EQ(std::get<wire::CustomerErasure>(scene_.Records()[first - 1].command),
            wire::CustomerErasure());
}

TEST_F(ErasureStepsTest, StopsWhereItIsToldTo) {
  const LogPosition erasure = scene_.Append(ErasureRecord(kCanary));
  EXPECT_EQ(scene_.Erase(erasure, 3).code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(scene_.log().OpenErasures(), SizeIs(1));
}

TEST_F(ErasureStepsTest, RefusesAPositionThatIsNoErasure) {
  scene_.Append(Rows({Buy("p1", "other", 1)}));
  EXPECT_EQ(scene_.Erase(1).code(), absl::StatusCode::kDataLoss);
}

// Random histories of few keys, where versions of several customers meet.
class RandomLog {
 public:
  RandomLog(uint64_t seed, ErasureScene* scene) : engine_(seed), scene_(*scene) {}

  void AppendSome(int records) {
    for (int i = 0; i < records; ++i) AppendOne();
  }

  // Erases a customer, interrupted up to two times, with other records before the steps run.
  void Erase(const std::string& customer) {
    const LogPosition erasure = scene_.Append(ErasureRecord(customer));
    erased_.push_back(customer);
    if (Below(2) == 0) AppendSome(static_cast<int>(Below(4)));
    scene_.FoldThrough(erasure + Below(scene_.log().LastPosition() - erasure + 1));
    for (int i = 0; i < 2; ++i) {
      const absl::Status status = scene_.Erase(erasure, static_cast<int>(1 + Below(14)));
      ASSERT_TRUE(status.ok() || absl::IsCancelled(status)) << status;
    }
    const absl::Status status = scene_.Erase(erasure);
    ASSERT_TRUE(status.ok()) << status;
  }

  uint64_t Below(uint64_t n) { return engine_() % n; }

 private:
  std::string RandomCustomer() {
    while (true) {
      const std::string customer = std::vector<std::string>{kCanary, "y", "z", "w"}[Below(4)];
      if (std::find(erased_.begin(), erased_.end(), customer) == erased_.end()) return customer;
    }
  }

  Purchase RandomPurchase() {
    if (!sent_.empty() && Below(4) == 0) {
      const Purchase again = sent_[Below(sent_.size())];
      if (std::find(erased_.begin(), erased_.end(), again.customer_id) == erased_.end()) {
        return again;
      }
    }
    std::optional<int64_t> created_at;
    if (Below(2) == 0) created_at = Below(6);
    Purchase row = Buy("p" + std::to_string(Below(4)), RandomCustomer(),
                       static_cast<int64_t>(Below(3)), created_at);
    if (Below(3) == 0) row.currency = "USD";
    if (row.product_name.empty() && Below(2) == 0) row.product_name = "a thing";
    sent_.push_back(row);
    return row;
  }

  wire::RowDeletion RandomDeletion() {
    const std::vector<std::string> conditions = {"purchase_amount = 1",
                                                 "customer_id = 'canary-person-7'",
                                                 "customer_id = 'y'",
                                                 "product_name = 'a thing'",
                                                 "product_name is null",
                                                 "purchase_id = 'p1'",
                                                 "product_name = 'canary text'",
                                                 "currency = 'USD' and purchase_amount = 0"};
    while (true) {
      const std::string condition = conditions[Below(conditions.size())];
      if (!erased_.empty() && condition.find(kCanary) != std::string::npos) continue;
      return {.data_source = DataSource::kPurchases,
              .condition = domain::ParseRowCondition(DataSource::kPurchases, condition).value()};
    }
  }

  void AppendOne() {
    wire::LogRows record{.received_at_seconds = now_ += static_cast<int64_t>(Below(3))};
    switch (Below(10)) {
      case 0:
        record.command = RandomDeletion();
        break;
      case 1:
        record.customers = {{.customer_id = RandomCustomer(), .country = "DE"}};
        break;
      case 2:
        record.customer_clvs = {{.customer_id = RandomCustomer(),
                                 .purchase_count = 1,
                                 .updated_at = static_cast<int64_t>(Below(4))}};
        break;
      case 3:
        if (load_id_.empty()) break;
        record.command = wire::LoadCommit{
            .load_id = load_id_, .first_position = load_start_, .replaces = RandomDeletion()};
        load_id_.clear();
        break;
      case 4:
      case 5:
        if (load_id_.empty()) {
          load_id_ = "load " + std::to_string(++loads_);
          load_start_ = scene_.log().LastPosition() + 1;
        }
        record.load_id = load_id_;
        [[fallthrough]];
      default:
        for (uint64_t rows = 1 + Below(3); rows > 0; --rows) {
          record.purchases.push_back(RandomPurchase());
        }
    }
    scene_.Append(record);
  }

  std::mt19937_64 engine_;
  ErasureScene& scene_;
  std::vector<Purchase> sent_;
  std::vector<std::string> erased_;
  std::string load_id_;
  LogPosition load_start_ = 0;
  int loads_ = 0;
  int64_t now_ = 1;
};

TEST(ErasureHistoriesTest, WhatIsLeftOfTheLogFoldsToTheSameFacts) {
  const bool is_long = std::getenv("CLV_TEST_LONG") != nullptr;
  for (uint64_t seed = 1; seed <= (is_long ? 3'000 : 30) && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ErasureScene scene;
    RandomLog log(seed, &scene);
    log.AppendSome(static_cast<int>(2 + log.Below(25)));
    if (log.Below(3) == 0) log.Erase("z");
    log.AppendSome(static_cast<int>(log.Below(10)));
    log.Erase(kCanary);
    EXPECT_FALSE(scene.FilesHold(kCanary));
    log.AppendSome(static_cast<int>(log.Below(10)));
    scene.FoldAll();
    EXPECT_EQ(scene.Replayed(), scene.State());
  }
}

}  // namespace
}  // namespace clv::ingest
