// tests/common/storage/sqlite_reports_fixture.h: a clv.db in a temporary directory, filled with
// facts, and reports over it.
#ifndef CLV_TESTS_COMMON_STORAGE_SQLITE_REPORTS_FIXTURE_H_
#define CLV_TESTS_COMMON_STORAGE_SQLITE_REPORTS_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/records.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/reports/sqlite_reports.h"
#include "gtest/gtest.h"

namespace clv::storage {

// Seconds of "YYYY-MM-DD HH:MM:SS" or "YYYY-MM-DD".
int64_t At(const char* text);

// Micros of a decimal.
int64_t Money(const char* decimal);

// Facts that become one clv.db. The reporting currency is USD.
class ReportStore {
 public:
  ReportStore();
  ~ReportStore();

  // A row of 2023 by default; the order is the purchase itself unless given.
  struct Buy {
    std::string purchase_id;
    std::string customer_id;
    std::string amount = "0";
    std::string date;
    std::string order_id = "";
    std::string currency = "USD";
    std::string product_id = "";
    std::string category = "";
  };
  void Add(const Buy& buy);
  void Add(domain::Customer customer) { customers_.push_back(std::move(customer)); }
  void Add(domain::Purchase purchase) { purchases_.push_back(std::move(purchase)); }
  void Add(domain::ImportedClv imported) { imports_.push_back(std::move(imported)); }

  // Writes the facts and folds customer_clv from them.
  void Write();

  SqliteReports& reports() { return *reports_; }
  const std::string& path() const { return path_; }

 private:
  void WriteFacts(Database& db);
  void WriteSummaries(Database& db);
  void InsertSummaries(Database& db);

  std::string directory_;
  std::string path_;
  std::vector<domain::Customer> customers_;
  std::vector<domain::Purchase> purchases_;
  std::vector<domain::ImportedClv> imports_;
  std::unique_ptr<SqliteReports> reports_;
};

// Receipt time that WriteSummaries gives every customer.
inline constexpr int64_t kFoldedAt = 1'700'000'000;

// The value of an OK result; a failed expectation and an empty value otherwise.
template <typename Value>
Value Must(absl::StatusOr<Value> value) {
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *std::move(value) : Value();
}

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_SQLITE_REPORTS_FIXTURE_H_
