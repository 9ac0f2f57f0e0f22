// clv-bench-dump: writes what a clv.db holds as CSV, for the peers of the benchmark of reading.
//
// `customers.csv`: number, customer_id, country, segment, source; numbers rise with the id.
// `rows.csv`: number of the customer, number of the order among his, date in UTC seconds, micros:
// every winning row in the reporting currency.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/projection_source.h"

namespace clv::bench {
namespace {

class CsvFile {
 public:
  explicit CsvFile(const std::string& path) : file_(std::fopen(path.c_str(), "w")) {
    if (file_ == nullptr) throw std::runtime_error("cannot write " + path);
  }
  ~CsvFile() { std::fclose(file_); }

  void Number(int64_t value) { Put(std::to_string(value)); }
  void Text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"') quoted.push_back('"');
      quoted.push_back(c);
    }
    Put(quoted + '"');
  }
  void EndRow() {
    line_.back() = '\n';
    std::fwrite(line_.data(), 1, line_.size(), file_);
    line_.clear();
  }

 private:
  void Put(const std::string& text) { line_ += text + ','; }

  std::FILE* const file_;
  std::string line_;
};

// The ids of all customers, sorted.
absl::StatusOr<std::vector<std::string>> AllIds(storage::ProjectionReading& reading) {
  std::vector<std::string> ids;
  CLV_RETURN_IF_ERROR(reading.ScanFrom(
      UINT64_MAX, [](const storage::CustomerInStore&) { return absl::OkStatus(); },
      [&](std::string_view id) {
        ids.emplace_back(id);
        return absl::OkStatus();
      }));
  std::sort(ids.begin(), ids.end());
  return ids;
}

void DumpRows(int64_t number, const storage::PurchasesOfCustomer& purchases, CsvFile& rows) {
  std::map<std::string_view, int64_t> orders;
  for (const storage::PurchaseFact& row : purchases.rows) {
    if (row.currency != purchases.reporting_currency) continue;
    const int64_t order = orders.try_emplace(row.order(), orders.size()).first->second;
    rows.Number(number);
    rows.Number(order);
    rows.Number(row.date);
    rows.Number(row.amount_micros);
    rows.EndRow();
  }
}

absl::Status Dump(const std::string& clv_db, const std::string& directory) {
  storage::SqliteProjectionSource source(clv_db);
  CLV_ASSIGN_OR_RETURN(const auto reading, source.Read());
  CLV_ASSIGN_OR_RETURN(const std::vector<std::string> ids, AllIds(*reading));
  CsvFile customers(directory + "/customers.csv");
  CsvFile rows(directory + "/rows.csv");
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto number = static_cast<int64_t>(i);
    CLV_RETURN_IF_ERROR(reading
                            ->Find(ids[i],
                                   [&](const storage::CustomerInStore& facts) {
                                     if (facts.imported) {
                                       return absl::FailedPreconditionError(
                                           "the peers know nothing of imported records");
                                     }
                                     customers.Number(number);
                                     customers.Text(ids[i]);
                                     customers.Text(facts.value.attributes.country);
                                     customers.Text(facts.value.attributes.customer_segment);
                                     customers.Text(facts.value.attributes.acquisition_source);
                                     customers.EndRow();
                                     DumpRows(number, facts.purchases, rows);
                                     return absl::OkStatus();
                                   })
                            .status());
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("Writes the customers and purchases of a clv.db as CSV.");
  std::string clv_db, directory;
  app.add_option("clv_db", clv_db, "the database")->required();
  app.add_option("directory", directory, "where to write")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    const absl::Status dumped = Dump(clv_db, directory);
    if (dumped.ok()) return 0;
    std::fprintf(stderr, "clv-bench-dump: %s\n", dumped.ToString().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "clv-bench-dump: %s\n", error.what());
  }
  return 1;
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) { return clv::bench::Main(argc, argv); }
