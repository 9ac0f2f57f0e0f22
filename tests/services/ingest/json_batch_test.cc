#include "services/ingest/json_batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/base/utf8.h"
#include "common/wire/log_codec.h"
#include "tests/model/row_parsing.h"

namespace clv::ingest {
namespace {

using domain::DataSource;

constexpr int64_t kNow = 1'700'000'000;

BatchBuilder::Options OptionsFor(DataSource data_source) {
  return {.data_source = data_source, .received_at_seconds = kNow, .import_id = "import-1"};
}

PreparedWrite ReadBody(DataSource data_source, const std::string& body) {
  absl::StatusOr<PreparedWrite> write = ReadJsonBatch(body, OptionsFor(data_source));
  EXPECT_TRUE(write.ok()) << write.status();
  return *std::move(write);
}

// All rows of all records.
wire::LogRows AllRows(const PreparedWrite& write) {
  wire::LogRows all;
  for (const storage::LogBatch& batch : write.batches) {
    if (!batch.record.has_value()) continue;
    const wire::LogRows rows = wire::DecodeLogRecord(batch.record->payload).value();
    EXPECT_EQ(rows.size(), batch.record->row_count);
    EXPECT_EQ(rows.received_at_seconds, kNow);
    all.customers.insert(all.customers.end(), rows.customers.begin(), rows.customers.end());
    all.purchases.insert(all.purchases.end(), rows.purchases.begin(), rows.purchases.end());
    all.customer_clvs.insert(all.customer_clvs.end(), rows.customer_clvs.begin(),
                             rows.customer_clvs.end());
  }
  return all;
}

std::vector<storage::QuarantinedRow> Refused(const PreparedWrite& write) {
  std::vector<storage::QuarantinedRow> rows;
  for (const storage::LogBatch& batch : write.batches) {
    rows.insert(rows.end(), batch.quarantined.begin(), batch.quarantined.end());
  }
  return rows;
}

TEST(JsonBatchTest, ReadsTheThreeRowsOfTheSeed) {
  const wire::LogRows customers = AllRows(ReadBody(
      DataSource::kCustomers,
      R"({"customer_id":"c123","name":"John Doe","email":"john@example.com","signup_date":"2023-01-15 10:30:00","country":"USA","customer_segment":"Premium","acquisition_source":"Organic Search","active":1,"created_at":"2023-01-15 10:30:00"})"));
  ASSERT_EQ(customers.customers.size(), 1u);
  EXPECT_EQ(customers.customers[0], (domain::Customer{.customer_id = "c123",
                                                      .name = "John Doe",
                                                      .email = "john@example.com",
                                                      .signup_date = 1'673'778'600,
                                                      .country = "USA",
                                                      .customer_segment = "Premium",
                                                      .acquisition_source = "Organic Search",
                                                      .active = true,
                                                      .created_at = 1'673'778'600}));
  const wire::LogRows purchases = AllRows(ReadBody(
      DataSource::kPurchases,
      R"({"purchase_id":"p456","customer_id":"c123","product_id":"prod789","product_name":"Premium Subscription","product_category":"Subscription","purchase_amount":99.99,"purchase_date":"2023-01-16 14:20:00","payment_method":"Credit Card","currency":"USD","created_at":"2023-01-16 14:20:00"})"));
  ASSERT_EQ(purchases.purchases.size(), 1u);
  EXPECT_EQ(purchases.purchases[0].purchase_amount_micros, 99'990'000);
  EXPECT_EQ(purchases.purchases[0].order_id, "p456");
  const wire::LogRows clvs = AllRows(ReadBody(
      DataSource::kCustomerClv,
      R"({"customer_id":"c123","total_spend":500.25,"purchase_count":5,"first_purchase_date":"2023-01-16 14:20:00","last_purchase_date":"2023-06-20 09:15:00","customer_segment":"Premium","country":"USA","acquisition_source":"Organic Search","updated_at":"2023-06-20 09:15:00"})"));
  ASSERT_EQ(clvs.customer_clvs.size(), 1u);
  EXPECT_EQ(clvs.customer_clvs[0].total_spend_micros, 500'250'000);
}

TEST(JsonBatchTest, CountsEveryValueOnce) {
  const PreparedWrite write =
      ReadBody(DataSource::kCustomers,
               "{\"customer_id\":\"a\"}\nthis is no JSON {\"customer_id\":\"b\"}\n"
               "{\"customer_id\":\"c\"}{\"name\":\"no id\"} 17\n{\"customer_id\":\"d\"}");
  EXPECT_EQ(write.accepted_rows, 3u);
  EXPECT_EQ(write.refused_rows, 3u);
  const wire::LogRows rows = AllRows(write);
  ASSERT_EQ(rows.customers.size(), 3u);
  EXPECT_EQ(rows.customers[1].customer_id, "c");
}

TEST(JsonBatchTest, QuarantinesABrokenRowWithAllItsColumns) {
  const PreparedWrite write = ReadBody(
      DataSource::kPurchases,
      R"({"purchase_id":1,"customer_id":"","purchase_amount":"abc","purchase_date":null,"x":2})");
  const std::vector<storage::QuarantinedRow> refused = Refused(write);
  ASSERT_EQ(refused.size(), 1u);
  const storage::QuarantinedRow& row = refused[0];
  EXPECT_EQ(
      row.raw,
      R"({"purchase_id":1,"customer_id":"","purchase_amount":"abc","purchase_date":null,"x":2})");
  EXPECT_EQ(row.raw_length, row.raw.size());
  EXPECT_EQ(row.import_id, "import-1");
  EXPECT_EQ(row.inserted_at_seconds, kNow);
  EXPECT_EQ(row.error, "");
  ASSERT_EQ(row.columns.size(), 11u);
  EXPECT_EQ(row.columns[0].name, "purchase_id");
  EXPECT_EQ(row.columns[0].raw, "1");
  EXPECT_EQ(row.columns[0].error, "");
  EXPECT_EQ(row.columns[1].raw, "");
  EXPECT_EQ(row.columns[1].error, "customer_id: got nothing, want a value");
  EXPECT_EQ(row.columns[2].raw, "abc");
  EXPECT_EQ(row.columns[2].error,
            "purchase_amount: got 'abc', want a decimal number such as 12.50");
  EXPECT_FALSE(row.columns[3].raw.has_value());
  EXPECT_EQ(row.columns[3].error, "purchase_date: got nothing, want a value");
  ASSERT_EQ(write.refusals.size(), 1u);
  EXPECT_EQ(write.refusals[0].column, "customer_id");
}

TEST(JsonBatchTest, QuarantinesTextsWithoutColumns) {
  const std::vector<storage::QuarantinedRow> refused =
      Refused(ReadBody(DataSource::kPurchases, "[1]\n\"caf\xE9\"\n"));
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_TRUE(refused[0].columns.empty());
  EXPECT_EQ(refused[0].error, "got a number, want a JSON object");
  EXPECT_EQ(refused[1].raw, "\"caf\xEF\xBF\xBD\"");
  EXPECT_TRUE(IsValidUtf8(refused[1].raw));
  EXPECT_EQ(refused[1].raw_length, 6u);
}

TEST(JsonBatchTest, CutsRawTextsAt16KiBAndKeepsTheirLength) {
  const std::string text = "{\"customer_id\":\"" + std::string(20'000, 'x') + "\"}";
  const std::vector<storage::QuarantinedRow> refused =
      Refused(ReadBody(DataSource::kCustomers, text));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].raw, text.substr(0, 16 << 10));
  EXPECT_EQ(refused[0].raw_length, text.size());
}

TEST(JsonBatchTest, ListsTheFirstTwentyRefusals) {
  std::string body;
  for (int i = 0; i < 50; ++i) body += i % 2 == 0 ? "{}\n" : "{\"customer_id\":\"c\"}\n";
  const PreparedWrite write = ReadBody(DataSource::kCustomers, body);
  EXPECT_EQ(write.refused_rows, 25u);
  ASSERT_EQ(write.refusals.size(), 20u);
  EXPECT_EQ(write.refusals[19].row, 38u);
}

TEST(JsonBatchTest, SplitsManyRowsIntoSeveralRecords) {
  std::string body;
  for (int i = 0; i < 120'000; ++i) body += "{\"customer_id\":" + std::to_string(i) + "}\n";
  const PreparedWrite write = ReadBody(DataSource::kCustomers, body);
  EXPECT_EQ(write.accepted_rows, 120'000u);
  EXPECT_EQ(write.batches.size(), 3u);
  const wire::LogRows rows = AllRows(write);
  ASSERT_EQ(rows.customers.size(), 120'000u);
  EXPECT_EQ(rows.customers[119'999].customer_id, "119999");
}

TEST(JsonBatchTest, RefusesBodiesOfTooManyBadValues) {
  std::string body;
  for (uint64_t i = 0; i <= kMaxRefusedValues; ++i) body += "1\n";
  EXPECT_EQ(ReadJsonBatch(body, OptionsFor(DataSource::kCustomers)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

// A value of a purchase's field, often a broken one.
rc::Gen<std::string> FieldValue() {
  return rc::gen::elementOf(std::vector<std::string>{"\"x\"",
                                                     "\"\"",
                                                     "null",
                                                     "true",
                                                     "1",
                                                     "-0",
                                                     "1.5",
                                                     "1e3",
                                                     "\"12.50\"",
                                                     "\"1.1234567\"",
                                                     "0.0000005",
                                                     "1e400",
                                                     "\"2023-01-15 10:30:00\"",
                                                     "\"2023-01-15\"",
                                                     "\"2023-01-15T10:30:00+02:00\"",
                                                     "1673771400",
                                                     "1673771400000",
                                                     "\"2023-02-30\"",
                                                     "\"usd\"",
                                                     "\"EURO\"",
                                                     "[1]",
                                                     "{\"a\":\"b\"}",
                                                     "\"a\\tb\"",
                                                     "\"\\ud800\"",
                                                     "\"\\u0085\"",
                                                     "12345678901234567890",
                                                     "\"" + std::string(257, 'y') + "\"",
                                                     "\"" + std::string(1025, 'z') + "\"",
                                                     "1700086400",
                                                     "1700086401",
                                                     "-1",
                                                     "5",
                                                     "\"5\"",
                                                     "\"007\"",
                                                     "0",
                                                     "9223372036854775808",
                                                     "1000000000",
                                                     "1000000000.000001"});
}

rc::Gen<std::string> PurchaseJson() {
  const std::vector<std::string> names = {"purchase_id",      "customer_id",    "purchase_amount",
                                          "purchase_date",    "product_id",     "product_name",
                                          "product_category", "payment_method", "currency",
                                          "created_at",       "order_id",       "extra",
                                          "purchase_id"};
  const auto field = rc::gen::pair(rc::gen::elementOf(names), FieldValue());
  return rc::gen::map(
      rc::gen::container<std::vector<std::pair<std::string, std::string>>>(field),
      [](const std::vector<std::pair<std::string, std::string>>& fields) {
        std::string json =
            R"({"purchase_id":"p","customer_id":"c","purchase_amount":1,"purchase_date":0)";
        for (const auto& [name, value] : fields) json += ",\"" + name + "\":" + value;
        return json + "}";
      });
}

// The independent model of the rules decides.
RC_GTEST_PROP(JsonBatchTest, AgreesWithTheModelAboutPurchases, ()) {
  const std::string json = *PurchaseJson();
  const model::Parsed<model::PurchaseRow> wanted = model::ParsePurchase(json, kNow, "");
  const PreparedWrite write = ReadBody(DataSource::kPurchases, json);
  RC_CLASSIFY(wanted.broken_columns.empty());
  RC_ASSERT(write.rows() == 1u);
  std::vector<std::string> broken;
  for (const storage::QuarantinedRow& row : Refused(write)) {
    for (const storage::QuarantinedColumn& column : row.columns) {
      if (!column.error.empty()) broken.push_back(column.name);
    }
  }
  std::sort(broken.begin(), broken.end());
  RC_ASSERT(broken == wanted.broken_columns);
  if (!broken.empty()) return;
  const domain::Purchase purchase = AllRows(write).purchases.at(0);
  RC_ASSERT(purchase.purchase_id == wanted.row.purchase_id);
  RC_ASSERT(purchase.customer_id == wanted.row.customer_id);
  RC_ASSERT(purchase.order_id == wanted.row.order_id);
  RC_ASSERT(model::BigInt(purchase.purchase_amount_micros) == wanted.row.amount_micros);
  RC_ASSERT(purchase.purchase_date == wanted.row.purchase_date);
  RC_ASSERT(purchase.created_at == wanted.row.created_at);
  RC_ASSERT(purchase.currency == wanted.row.currency);
  RC_ASSERT(purchase.product_name == wanted.row.product_name.value_or(""));
}

// Values and how they count.
struct Sample {
  std::string text;
  bool is_good;
};

RC_GTEST_PROP(JsonBatchTest, ReadsTheSameRowsHoweverTheyAreSeparated, ()) {
  const std::vector<Sample> samples = {
      {"{\"customer_id\":\"a\"}", true},
      {"{\n  \"customer_id\": \"b\",\n  \"name\": \"}{\\\"\"\n}", true},
      {"{\"customer_id\":[]}", false},
      {"{}", false},
      {"\"text ]\"", false},
      {"[{\"customer_id\":\"a\"}]", false},
      {"null", false}};
  const std::vector<std::string> separators = {" ", "\n", "\r\n", "\n\n", "\t \n "};
  const auto indices =
      *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, samples.size()));
  const bool as_array = *rc::gen::arbitrary<bool>();
  // An array that comes first is the batch itself, so let it not come first.
  std::string body = as_array ? "[" : "{}";
  uint64_t good = 0;
  uint64_t bad = as_array ? 0 : 1;
  bool is_first = true;
  for (const size_t index : indices) {
    if (as_array && !is_first) body += ',';
    is_first = false;
    body += *rc::gen::elementOf(separators) + samples[index].text + *rc::gen::elementOf(separators);
    (samples[index].is_good ? good : bad) += 1;
  }
  if (as_array) body += "]";
  const PreparedWrite write = ReadBody(DataSource::kCustomers, body);
  RC_ASSERT(write.accepted_rows == good);
  RC_ASSERT(write.refused_rows == bad);
}

TEST(JsonBatchTest, ReadsHundredsOfThousandsOfRowsASecond) {
  std::string body;
  for (int i = 0; i < 100'000; ++i) {
    body +=
        R"({"purchase_id":"p)" + std::to_string(i) +
        R"(","customer_id":"c123","product_id":"prod789","product_name":"Premium Subscription","product_category":"Subscription","purchase_amount":99.99,"purchase_date":"2023-01-16 14:20:00","payment_method":"Credit Card","currency":"USD","created_at":"2023-01-16 14:20:00"})"
        "\n";
  }
  const auto begin = std::chrono::steady_clock::now();
  const PreparedWrite write = ReadBody(DataSource::kPurchases, body);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(write.accepted_rows, 100'000u);
  RecordProperty("rows_per_second", std::to_string(static_cast<int>(100'000 / seconds.count())));
  // A tenth of what the machine at hand does: it shall fail for a wrong algorithm, not for a busy
  // machine.
  EXPECT_LT(seconds.count(), 5.0);
}

}  // namespace
}  // namespace clv::ingest
