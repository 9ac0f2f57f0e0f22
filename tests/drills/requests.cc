#include "tests/drills/requests.h"

#include <utility>

#include "common/domain/data_sources.h"
#include "common/domain/row_condition.h"
#include "common/wire/log_codec.h"
#include "gtest/gtest.h"
#include "services/ingest/json_batch.h"
#include "tests/model/naive_model.h"
#include "tests/properties/dice.h"
#include "tests/properties/histories.h"

namespace clv::drills {
namespace {

using storage::DataSource;

constexpr char kLater[] = "2030-01-01 00:00:00";  // after everything in a history
constexpr int64_t kMuchLater = 1'900'000'000;

DataSource DataSourceOf(const std::string& name) {
  if (name == "customers") return DataSource::kCustomers;
  return name == "purchases" ? DataSource::kPurchases : DataSource::kCustomerClv;
}

// A row that is always valid, so that every request has a record.
std::string ValidRow(const std::string& data_source, size_t number) {
  const std::string n = std::to_string(number);
  if (data_source == "customers") return R"({"customer_id":"c1","name":"N)" + n + "\"}";
  if (data_source == "purchases") {
    return R"({"purchase_id":"always)" + n +
           R"(","customer_id":"c1","purchase_amount":0.1,"purchase_date":"2023-05-01"})";
  }
  return R"({"customer_id":"imported)" + n +
         R"(","total_spend":"5.25","purchase_count":2,"first_purchase_date":"2022-01-01",)"
         R"("last_purchase_date":"2022-02-01","updated_at":"2022-03-01"})";
}

Request RowsRequest(properties::Batch batch, int64_t received_at_seconds, properties::Dice& dice) {
  absl::StatusOr<ingest::PreparedWrite> write = ingest::ReadJsonBatch(
      BodyOf(batch, &dice),
      {.data_source = DataSourceOf(batch.data_source), .received_at_seconds = received_at_seconds});
  EXPECT_TRUE(write.ok()) << write.status();
  EXPECT_EQ(write->batches.size(), 1u);
  return {.data_source = std::move(batch.data_source),
          .rows = std::move(batch.values),
          .received_at_seconds = received_at_seconds,
          .write = *std::move(write)};
}

Request Deletion(const std::string& data_source, model::Condition condition,
                 int64_t received_at_seconds) {
  const DataSource source = DataSourceOf(data_source);
  auto parsed = domain::ParseRowCondition(source, TextOf(data_source, condition));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  storage::NewRecord record{
      .data_source = source,
      .received_at_seconds = received_at_seconds,
      .payload = wire::EncodeLogRecord({.received_at_seconds = received_at_seconds,
                                        .command = wire::RowDeletion{source, *std::move(parsed)}})};
  Request request{.data_source = data_source,
                  .deletes = std::move(condition),
                  .received_at_seconds = received_at_seconds};
  request.write.data_source = source;
  request.write.bytes = record.payload.size();
  request.write.batches.push_back({.record = std::move(record)});
  return request;
}

std::map<std::string, std::string> CustomersOf(const model::NaiveModel& model,
                                               const std::vector<std::string>& ids) {
  std::multimap<std::string, std::string> parameters{{"limit", "100000"}, {"as_of", kLater}};
  for (const std::string& id : ids) parameters.emplace("customer_id", id);
  const auto answer = model.Query("total_customer_value", parameters, kMuchLater);
  const auto* table = std::get_if<model::Table>(&answer);
  EXPECT_NE(table, nullptr) << std::get<model::Error>(answer).parameter;
  std::map<std::string, std::string> customers;
  for (size_t row = 0; table != nullptr && row < table->rows.size(); ++row) {
    std::vector<std::string> cells;
    for (const char* column :
         {"country", "customer_segment", "acquisition_source", "signup_date", "first_purchase_date",
          "last_purchase_date", "total_spend", "refunded_amount", "purchase_count", "updated_at"}) {
      const model::Cell cell = table->At(row, column);
      const bool has_text =
          cell.kind() == model::Cell::Kind::kText || cell.kind() == model::Cell::Kind::kDecimal;
      cells.push_back(has_text ? cell.text() : cell.ToString());
    }
    customers[table->At(row, "customer_id").text()] = CustomerText(cells);
  }
  return customers;
}

}  // namespace

std::vector<Request> RandomRequests(uint64_t seed, int customers, int purchases) {
  properties::Dice dice(seed);
  const properties::History history = properties::RandomHistory(
      dice.Seed(), {.max_customers = customers, .max_purchases = purchases});
  std::vector<Request> requests;
  int64_t now = properties::kNow;
  for (properties::Batch& batch : properties::SplitIntoBatches(history.rows, 9, &dice)) {
    now += dice.Below(3);
    const std::string data_source = batch.data_source;
    batch.values.insert(batch.values.begin(), ValidRow(data_source, requests.size()));
    requests.push_back(RowsRequest(std::move(batch), now, dice));
    if (!dice.OneIn(12)) continue;
    requests.push_back(Deletion(data_source,
                                {.word = "=",
                                 .operands = {},
                                 .column = "customer_id",
                                 .text = dice.Of(history.customer_ids)},
                                now));
  }
  return requests;
}

Expectation ExpectationOf(const std::vector<const Request*>& in_log_order) {
  Expectation expectation;
  model::NaiveModel model;
  std::map<std::string, bool> ids;
  for (const Request* request : in_log_order) {
    if (request->deletes) {
      expectation.removed_rows +=
          static_cast<uint64_t>(model.Remove(request->data_source, &*request->deletes));
      continue;
    }
    for (const std::string& row : request->rows) {
      const bool is_accepted =
          model.Send(request->data_source, row, request->received_at_seconds).empty();
      if (is_accepted) ++expectation.rows;
      if (!is_accepted) expectation.refused[DataSourceOf(request->data_source)].push_back(row);
    }
  }
  std::vector<std::string> customer_ids;
  for (const Request* request : in_log_order) {
    if (request->deletes) continue;
    for (const storage::LogBatch& batch : request->write.batches) {
      const auto rows = wire::DecodeLogRecord(batch.record->payload);
      EXPECT_TRUE(rows.ok()) << rows.status();
      for (const auto& row : rows->customers) ids[row.customer_id] = true;
      for (const auto& row : rows->purchases) ids[row.customer_id] = true;
      for (const auto& row : rows->customer_clvs) ids[row.customer_id] = true;
    }
  }
  for (const auto& [id, named] : ids) customer_ids.push_back(id);
  if (!customer_ids.empty()) expectation.customers = CustomersOf(model, customer_ids);
  return expectation;
}

std::string CustomerText(const std::vector<std::string>& cells) {
  std::string text;
  for (const std::string& cell : cells) text += (text.empty() ? "" : " | ") + cell;
  return text;
}

}  // namespace clv::drills
