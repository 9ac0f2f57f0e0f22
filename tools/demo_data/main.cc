// clv-demo-data: writes the customers and purchases of a made-up shop. See --help.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/demo_data/purchase_stream.h"
#include "tools/demo_data/row_writer.h"
#include "tools/demo_data/shop.h"
#include "tools/demo_data/truth_writer.h"

namespace clv::demo_data {
namespace {

constexpr char kDescription[] =
    R"(Writes the customers and purchases of a made-up shop, in the form of the data sources
`customers` and `purchases`. Orders follow BG/NBD and their values gamma-gamma, with other
parameters for each segment; the dates have weekly, hourly and yearly seasons. The same flags
give the same bytes on every machine.

  clv-demo-data --output-dir demo                  2,000 customers, about 16,000 purchases
  clv-demo-data --size M --output-dir m --truth m/truth.json
  clv-demo-data --stdout purchases | head -3)";

struct Flags {
  ShopOptions shop;
  int64_t customers = 0;
  int64_t purchases = 0;
  std::string end_date = "2026-06-30";
  std::string size;
  std::string format = "ndjson";
  std::string output_dir;
  std::string to_stdout;
  std::string truth;
};

// An open file, or standard output for "-".
class Output {
 public:
  static absl::StatusOr<Output> Open(const std::string& path) {
    std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("cannot write ", path));
    }
    return Output(path, file);
  }

  ByteSink sink() {
    return [this](std::string_view bytes) {
      const size_t written = std::fwrite(bytes.data(), 1, bytes.size(), file_.get());
      return written == bytes.size() ? absl::OkStatus() : WriteError();
    };
  }

  absl::Status Close() {
    std::FILE* const file = file_.release();
    const int failed = file == stdout ? std::fflush(file) : std::fclose(file);
    return failed == 0 ? absl::OkStatus() : WriteError();
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const {
      if (file != stdout) {
        std::fclose(file);
      }
    }
  };

  Output(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  absl::Status WriteError() const {
    return absl::UnavailableError(absl::StrCat("cannot write all of ", path_));
  }

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

void AddShopFlags(CLI::App& app, Flags& flags) {
  ShopOptions& shop = flags.shop;
  app.add_option("--size", flags.size,
                 "S: 10,000 customers and 200,000 purchases, M: ten times that, L: a hundred times "
                 "(1,000,000 and 20,000,000). --customers and --purchases win over it")
      ->check(CLI::IsMember({"S", "M", "L"}));
  app.add_option("--customers", flags.customers, "number of customers (default 2000)");
  app.add_option("--purchases", flags.purchases,
                 "wanted number of purchase rows, reached within about 1 % by scaling the rates; "
                 "refunds, corrections and duplicates come on top");
  app.add_option("--days", shop.days, "length of the history in days")->capture_default_str();
  app.add_option("--end-date", flags.end_date, "last day of the history")->capture_default_str();
  app.add_option("--seed", shop.seed, "another seed, another shop")->capture_default_str();
  app.add_option("--seasonality", shop.seasonality, "0 (none) .. 1 (as in shops)")
      ->capture_default_str();
  app.add_flag("--uniform-behaviour", shop.uniform_behaviour,
               "one set of model parameters for all segments");
  app.add_option("--never-buying", shop.never_buying_share, "share of customers that never order")
      ->capture_default_str();
  app.add_option("--missing-attributes", shop.missing_attribute_share,
                 "share of customers that lack one of email, country, segment, source")
      ->capture_default_str();
}

void AddRowFlags(CLI::App& app, Flags& flags) {
  ShopOptions& shop = flags.shop;
  app.add_option("--duplicates", shop.duplicates, "share of purchase rows that are sent twice")
      ->capture_default_str();
  app.add_option("--corrections", shop.corrections,
                 "share of purchase rows that are corrected later: same purchase_id, later "
                 "created_at")
      ->capture_default_str();
  app.add_option("--late", shop.late, "share of purchase rows that are sent up to 60 days late")
      ->capture_default_str();
  app.add_option("--refunds", shop.refunds,
                 "share of purchase rows that are refunded: a negative row with the order_id of "
                 "the original")
      ->capture_default_str();
  app.add_flag("--multi-item-orders", shop.multi_item_orders,
               "orders of several rows that share an order_id");
  app.add_option("--currency", shop.currency, "currency of the rows")->capture_default_str();
  app.add_option("--other-currency", shop.other_currency,
                 "share of orders in the currency of the customer's country instead")
      ->capture_default_str();
}

void AddOutputFlags(CLI::App& app, Flags& flags) {
  app.add_option("--format", flags.format, "ndjson or csv")
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  auto* const directory = app.add_option("--output-dir", flags.output_dir,
                                         "write customers.FORMAT and purchases.FORMAT here; the "
                                         "directory is made if need be");
  app.add_option("--stdout", flags.to_stdout, "write only customers or only purchases, there")
      ->check(CLI::IsMember({"customers", "purchases"}))
      ->excludes(directory);
  app.add_option("--truth", flags.truth,
                 "also write the parameters and, for each customer, order rate, dropout "
                 "probability, mean order value, whether still alive at the end, and expected "
                 "orders and value of the next 365 days, as JSON (-: standard output)");
}

absl::StatusOr<int64_t> ParseDay(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  char rest = 0;
  if (text.size() == 10 &&
      std::sscanf(text.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &rest) == 3) {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{day}};
    if (date.ok()) {
      return std::chrono::sys_days{date}.time_since_epoch().count();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("--end-date: ", text, ", want YYYY-MM-DD"));
}

// Presets and the flags that win over them.
absl::StatusOr<ShopOptions> Complete(const CLI::App& app, const Flags& flags) {
  ShopOptions shop = flags.shop;
  CLV_ASSIGN_OR_RETURN(shop.last_day, ParseDay(flags.end_date));
  if (!flags.size.empty()) {
    const int64_t factor = flags.size == "S" ? 1 : flags.size == "M" ? 10 : 100;
    shop.customers = 10'000 * factor;
    shop.purchases = 200'000 * factor;
  }
  if (app.count("--customers") > 0) {
    shop.customers = flags.customers;
  }
  if (app.count("--purchases") > 0) {
    shop.purchases = flags.purchases;
  }
  if (flags.output_dir.empty() && flags.to_stdout.empty() && flags.truth.empty()) {
    return absl::InvalidArgumentError("nothing to write: give --output-dir, --stdout or --truth");
  }
  if (!flags.to_stdout.empty() && flags.truth == "-") {
    return absl::InvalidArgumentError("--truth: standard output is taken by --stdout");
  }
  return shop;
}

absl::Status WriteCustomers(const Shop& shop, RowFormat format, const std::string& path) {
  CLV_ASSIGN_OR_RETURN(Output output, Output::Open(path));
  RowWriter writer(format, output.sink());
  for (size_t i = 0; i < shop.customers().size(); ++i) {
    CLV_RETURN_IF_ERROR(writer.Write(DescribeCustomer(shop, i)));
  }
  CLV_RETURN_IF_ERROR(writer.Finish());
  std::fprintf(stderr, "%lld customers, %lld bytes\n", static_cast<long long>(writer.rows()),
               static_cast<long long>(writer.bytes()));
  return output.Close();
}

absl::Status WritePurchases(const Shop& shop, RowFormat format, const std::string& path) {
  CLV_ASSIGN_OR_RETURN(Output output, Output::Open(path));
  RowWriter writer(format, output.sink());
  CLV_ASSIGN_OR_RETURN(
      const PurchaseCounts counts,
      ForEachPurchase(shop, [&writer](const PurchaseRow& row) { return writer.Write(row); }));
  CLV_RETURN_IF_ERROR(writer.Finish());
  std::fprintf(stderr,
               "%lld purchase rows, %lld bytes: %lld purchases (%lld of them late), %lld refunds, "
               "%lld corrections, %lld duplicates\n",
               static_cast<long long>(counts.total()), static_cast<long long>(writer.bytes()),
               static_cast<long long>(counts.originals), static_cast<long long>(counts.late),
               static_cast<long long>(counts.refunds), static_cast<long long>(counts.corrections),
               static_cast<long long>(counts.duplicates));
  return output.Close();
}

absl::Status WriteAll(const Shop& shop, const Flags& flags) {
  const RowFormat format = flags.format == "csv" ? RowFormat::kCsv : RowFormat::kNdjson;
  if (flags.to_stdout == "customers") {
    CLV_RETURN_IF_ERROR(WriteCustomers(shop, format, "-"));
  } else if (flags.to_stdout == "purchases") {
    CLV_RETURN_IF_ERROR(WritePurchases(shop, format, "-"));
  } else if (!flags.output_dir.empty()) {
    std::error_code error;
    std::filesystem::create_directories(flags.output_dir, error);
    const std::string prefix = flags.output_dir + "/";
    CLV_RETURN_IF_ERROR(WriteCustomers(shop, format, prefix + "customers." + flags.format));
    CLV_RETURN_IF_ERROR(WritePurchases(shop, format, prefix + "purchases." + flags.format));
  }
  if (flags.truth.empty()) {
    return absl::OkStatus();
  }
  CLV_ASSIGN_OR_RETURN(Output output, Output::Open(flags.truth));
  CLV_RETURN_IF_ERROR(WriteTruth(shop, output.sink()));
  return output.Close();
}

absl::Status Run(const CLI::App& app, const Flags& flags) {
  CLV_ASSIGN_OR_RETURN(const ShopOptions options, Complete(app, flags));
  CLV_ASSIGN_OR_RETURN(const Shop shop, Shop::Create(options));
  return WriteAll(shop, flags);
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app(kDescription, "clv-demo-data");
  AddShopFlags(app, flags);
  AddRowFlags(app, flags);
  AddOutputFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status status = Run(app, flags);
  if (status.ok()) {
    return 0;
  }
  std::fprintf(stderr, "clv-demo-data: %s\n", std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

}  // namespace
}  // namespace clv::demo_data

int main(int argc, char** argv) { return clv::demo_data::Main(argc, argv); }
