#include "tools/demo_data/row_writer.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "common/base/status_macros.h"
#include "tools/demo_data/samplers.h"

namespace clv::demo_data {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr int64_t kSecondsPerDay = 86400;

constexpr std::string_view kCustomerHeader =
    "customer_id,name,email,signup_date,country,customer_segment,acquisition_source,active,"
    "created_at\n";
constexpr std::string_view kPurchaseHeader =
    "purchase_id,customer_id,product_id,product_name,product_category,purchase_amount,"
    "purchase_date,payment_method,currency,created_at,order_id\n";

// Two decimal digits of `value` (0..99).
void PutTwoDigits(char* to, int64_t value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

CustomerRow DescribeCustomer(const Shop& shop, size_t customer) {
  constexpr uint64_t kClosedAccountsOneIn = 8;
  const Customer& truth = shop.customers()[customer];
  CustomerRow row;
  row.customer_number = kFirstCustomerNumber + customer;
  row.name = shop.NameOf(customer);
  row.email = truth.lacks_email ? std::string() : shop.EmailOf(customer);
  row.signup_second = shop.EpochSecond(truth.signup_second);
  row.country = truth.lacks_country ? std::string_view() : Countries()[truth.country].name;
  row.segment = truth.lacks_segment ? std::string_view() : Segments()[truth.segment].name;
  row.source = truth.lacks_source ? std::string_view() : Sources()[truth.source];
  row.active = customer % kClosedAccountsOneIn != 0 || shop.Outcome(customer).alive_at_end;
  return row;
}

RowWriter::RowWriter(RowFormat format, ByteSink sink) : format_(format), sink_(std::move(sink)) {
  buffer_.reserve(kBufferBytes + 8192);
}

absl::Status RowWriter::Write(const CustomerRow& row) {
  if (format_ == RowFormat::kNdjson) {
    AppendJson(row);
  } else {
    AppendCsv(row);
  }
  return EndRow();
}

absl::Status RowWriter::Write(const PurchaseRow& row) {
  if (format_ == RowFormat::kNdjson) {
    AppendJson(row);
  } else {
    AppendCsv(row);
  }
  return EndRow();
}

absl::Status RowWriter::EndRow() {
  ++rows_;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Finish();
}

absl::Status RowWriter::Finish() {
  CLV_RETURN_IF_ERROR(sink_(buffer_));
  bytes_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return absl::OkStatus();
}

void RowWriter::AppendNumber(uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  buffer_.append(digits, end);
}

void RowWriter::AppendCents(int64_t cents) {
  if (cents < 0) {
    buffer_.push_back('-');
    cents = -cents;
  }
  AppendNumber(static_cast<uint64_t>(cents / 100));
  char fraction[3] = {'.', '0', '0'};
  PutTwoDigits(fraction + 1, cents % 100);
  buffer_.append(fraction, sizeof fraction);
}

void RowWriter::AppendDay(int64_t day) {
  if (day != cached_day_) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    const int year = static_cast<int>(date.year());
    char text[10] = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'};
    PutTwoDigits(text, year / 100);
    PutTwoDigits(text + 2, year % 100);
    PutTwoDigits(text + 5, static_cast<unsigned>(date.month()));
    PutTwoDigits(text + 8, static_cast<unsigned>(date.day()));
    cached_day_text_.assign(text, sizeof text);
    cached_day_ = day;
  }
  Append(cached_day_text_);
}

void RowWriter::AppendInstant(int64_t second) {
  AppendDay(second / kSecondsPerDay);
  const int64_t in_day = second % kSecondsPerDay;
  char text[9] = {' ', '0', '0', ':', '0', '0', ':', '0', '0'};
  PutTwoDigits(text + 1, in_day / 3600);
  PutTwoDigits(text + 4, in_day / 60 % 60);
  PutTwoDigits(text + 7, in_day % 60);
  buffer_.append(text, sizeof text);
}

void RowWriter::AppendJsonText(std::string_view text) {
  // The catalogue has no control characters, so quotes and backslashes are all there is to escape.
  buffer_.push_back('"');
  if (text.find_first_of("\"\\") == std::string_view::npos) {
    Append(text);
  } else {
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        buffer_.push_back('\\');
      }
      buffer_.push_back(c);
    }
  }
  buffer_.push_back('"');
}

void RowWriter::AppendCsvText(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) {
    Append(text);
    return;
  }
  buffer_.push_back('"');
  for (const char c : text) {
    if (c == '"') {
      buffer_.push_back('"');
    }
    buffer_.push_back(c);
  }
  buffer_.push_back('"');
}

void RowWriter::AppendJsonField(std::string_view prefix, std::string_view text) {
  if (!text.empty()) {
    Append(prefix);
    AppendJsonText(text);
  }
}

void RowWriter::AppendJson(const CustomerRow& row) {
  Append(R"({"customer_id":"c)");
  AppendNumber(row.customer_number);
  Append(R"(")");
  AppendJsonField(R"(,"name":)", row.name);
  AppendJsonField(R"(,"email":)", row.email);
  Append(R"(,"signup_date":")");
  AppendInstant(row.signup_second);
  Append(R"(")");
  AppendJsonField(R"(,"country":)", row.country);
  AppendJsonField(R"(,"customer_segment":)", row.segment);
  AppendJsonField(R"(,"acquisition_source":)", row.source);
  Append(row.active ? R"(,"active":1,"created_at":")" : R"(,"active":0,"created_at":")");
  AppendInstant(row.signup_second);
  Append("\"}\n");
}

void RowWriter::AppendJson(const PurchaseRow& row) {
  Append(row.kind == RowKind::kRefund ? R"({"purchase_id":"r)" : R"({"purchase_id":"p)");
  AppendNumber(row.purchase_number);
  Append(R"(","customer_id":"c)");
  AppendNumber(row.customer_number);
  Append(R"(","product_id":")");
  Append(row.product->id);
  Append(R"(","product_name":)");
  AppendJsonText(row.product->name);
  Append(R"(,"product_category":)");
  AppendJsonText(row.product->category);
  Append(R"(,"purchase_amount":)");
  AppendCents(row.amount_cents);
  Append(R"(,"purchase_date":")");
  AppendInstant(row.purchase_second);
  Append(R"(","payment_method":)");
  AppendJsonText(row.payment_method);
  Append(R"(,"currency":")");
  Append(row.currency);
  Append(R"(","created_at":")");
  AppendInstant(row.created_second);
  if (row.order_number.has_value()) {
    Append(R"(","order_id":"p)");
    AppendNumber(*row.order_number);
  }
  Append("\"}\n");
}

void RowWriter::AppendCsv(const CustomerRow& row) {
  if (rows_ == 0) {
    Append(kCustomerHeader);
  }
  Append("c");
  AppendNumber(row.customer_number);
  Append(",");
  AppendCsvText(row.name);
  Append(",");
  AppendCsvText(row.email);
  Append(",");
  AppendInstant(row.signup_second);
  Append(",");
  AppendCsvText(row.country);
  Append(",");
  AppendCsvText(row.segment);
  Append(",");
  AppendCsvText(row.source);
  Append(row.active ? ",1," : ",0,");
  AppendInstant(row.signup_second);
  Append("\n");
}

void RowWriter::AppendCsv(const PurchaseRow& row) {
  if (rows_ == 0) {
    Append(kPurchaseHeader);
  }
  Append(row.kind == RowKind::kRefund ? "r" : "p");
  AppendNumber(row.purchase_number);
  Append(",c");
  AppendNumber(row.customer_number);
  Append(",");
  Append(row.product->id);
  Append(",");
  AppendCsvText(row.product->name);
  Append(",");
  AppendCsvText(row.product->category);
  Append(",");
  AppendCents(row.amount_cents);
  Append(",");
  AppendInstant(row.purchase_second);
  Append(",");
  AppendCsvText(row.payment_method);
  Append(",");
  Append(row.currency);
  Append(",");
  AppendInstant(row.created_second);
  Append(",");
  if (row.order_number.has_value()) {
    Append("p");
    AppendNumber(*row.order_number);
  }
  Append("\n");
}

}  // namespace clv::demo_data
