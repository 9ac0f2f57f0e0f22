// tests/services/aggregation/fold_fixture.h: a store in a temporary directory, and short ways to
// fold rows into it.
#ifndef CLV_TESTS_SERVICES_AGGREGATION_FOLD_FIXTURE_H_
#define CLV_TESTS_SERVICES_AGGREGATION_FOLD_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/broadcast.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "gtest/gtest.h"
#include "services/aggregation/fold.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::aggregation {

// 2023-01-01 00:00:00.
inline constexpr int64_t kNewYear = 1'672'531'200;
inline constexpr int64_t kDay = 86'400;

// The micros of whole units.
constexpr int64_t Units(int64_t units) { return units * 1'000'000; }

// What a purchase row of these tests says. The date counts days from 2023-01-01, and so does
// `created_day`.
struct Buy {
  std::string purchase_id;
  std::string customer_id;
  int64_t units = 0;
  int64_t day = 0;
  std::optional<int64_t> created_day = {};
  std::string order_id = "";  // "": the purchase's id
  std::string currency = "";  // "": the default
};
domain::Purchase PurchaseOf(const Buy& buy);

class FoldTest : public ::testing::Test {
 protected:
  void SetUp() override;

  // One record of the log, in the order of the calls; received `kNewYear` + its position.
  LoggedRows Record(const std::vector<Buy>& buys);
  LoggedRows Record(const domain::Customer& customer);
  LoggedRows Record(const domain::ImportedClv& imported);
  // One that wants its outcome.
  LoggedRows Command(wire::LogCommand command);

  // How this test folds; without a log there are no loads.
  virtual FoldOptions Options();

  // What the fold of a position did; none fails the test.
  storage::FoldOutcome Outcome(storage::LogPosition position);

  // Folds records in one transaction; an error fails the test.
  FoldCounts FoldRecords(const std::vector<LoggedRows>& records);
  template <typename... Rows>
  FoldCounts Send(const Rows&... rows) {
    return FoldRecords({Record(rows)...});
  }
  FoldCounts Send(const std::vector<Buy>& buys) { return FoldRecords({Record(buys)}); }

  // A customer's row of customer_clv; one that is not there fails the test.
  storage::CustomerValue Value(const std::string& customer_id);
  domain::CustomerSummary Summary(const std::string& customer_id) {
    return Value(customer_id).summary;
  }
  bool IsKnown(const std::string& customer_id);
  domain::Purchase Purchase(const std::string& purchase_id);
  // Changes a fact behind the fold's back.
  void ChangePurchase(const std::string& purchase_id,
                      const std::function<void(domain::Purchase&)>& change);
  std::string DeadLetters();  // `position|row_index|data_source|key`, one a line

  // Everything that the fold wrote, as text; without updated_at and folded_position unless told.
  static std::string StateOf(const std::string& clv_db_path, bool with_receipt = false);
  std::string State(bool with_receipt = false) { return StateOf(clv_path_, with_receipt); }

  TempDirectory directory_;
  const std::string clv_path_ = directory_.path() + "/clv.db";
  std::unique_ptr<storage::SqliteClvStore> store_;
  storage::LogPosition last_position_ = 0;
};

// A fold test with a real log.
class LoggedFoldTest : public FoldTest {
 protected:
  void SetUp() override;

  FoldOptions Options() override;

  // Appends a record to the log.
  void Append(const LoggedRows& rows);
  absl::StatusOr<std::unique_ptr<storage::EventReader>> OpenLog();
  absl::StatusOr<std::shared_ptr<storage::ClvStore>> OpenScratch();
  // Folds all of the log.
  void FoldLog();

  const std::string log_path_ = directory_.path() + "/event_log.db";
  Broadcast appended_;
  std::unique_ptr<storage::SqliteEventLog> log_;
  int scratches_ = 0;
};

}  // namespace clv::aggregation

#endif  // CLV_TESTS_SERVICES_AGGREGATION_FOLD_FIXTURE_H_
