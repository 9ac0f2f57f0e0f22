#include "services/ingest/batch_builder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/ingest/erased_rows.h"
#include "services/ingest/json_batch.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using domain::RawRow;
using domain::RawValue;

constexpr int64_t kReceivedAt = 1'700'000'000;

RawRow CustomerRow(RawValue id, RawValue active = {}) {
  RawRow row;
  row[domain::CustomerColumn::kCustomerId] = id;
  row[domain::CustomerColumn::kActive] = active;
  return row;
}

RawRow PurchaseRow(std::string_view id, std::string_view customer, std::string_view amount) {
  RawRow row;
  row[domain::PurchaseColumn::kPurchaseId] = RawValue::Text(id);
  row[domain::PurchaseColumn::kCustomerId] = RawValue::Text(customer);
  row[domain::PurchaseColumn::kPurchaseAmount] = RawValue::Text(amount);
  row[domain::PurchaseColumn::kPurchaseDate] = RawValue::Text("2023-01-15");
  return row;
}

wire::LogRows RowsOf(const storage::LogBatch& batch) {
  return wire::DecodeLogRecord(batch.record->payload).value();
}

class ErasedRowsTest : public ::testing::Test {
 protected:
  ErasedRowsTest() { erased_.Add(erased_.HashOf("gone")); }

  BatchBuilder BuilderFor(DataSource data_source) {
    return BatchBuilder(
        {.data_source = data_source, .received_at_seconds = kReceivedAt, .erased = &erased_});
  }

  ErasedCustomers erased_{"k"};
};

TEST_F(ErasedRowsTest, AreRefusedAndKeptNowhere) {
  BatchBuilder builder = BuilderFor(DataSource::kPurchases);
  builder.AddRow(PurchaseRow("p1", "c1", "1"), std::nullopt);
  builder.AddRow(PurchaseRow("p2", "gone", "2"), std::nullopt);
  builder.AddRow(PurchaseRow("p3", "gone", "broken"), std::nullopt);
  builder.AddRow(PurchaseRow("p4", "c1", "broken"), std::nullopt);
  const PreparedWrite write = builder.Finish();
  EXPECT_EQ(write.accepted_rows, 1u);
  EXPECT_EQ(write.refused_rows, 3u);
  EXPECT_EQ(write.refused_erased_rows, 2u);
  ASSERT_EQ(write.batches.size(), 1u);
  EXPECT_EQ(write.batches[0].refused_erased_rows, 2u);
  EXPECT_EQ(RowsOf(write.batches[0]).purchases[0].purchase_id, "p1");
  ASSERT_EQ(write.batches[0].quarantined.size(), 1u);
  EXPECT_EQ(write.batches[0].quarantined[0].columns[0].raw, "p4");
  ASSERT_EQ(write.refusals.size(), 3u);
  EXPECT_EQ(write.refusals[0].row, 1u);
  EXPECT_EQ(write.refusals[0].column, "customer_id");
  EXPECT_EQ(write.refusals[0].description, "the customer was erased");
}

TEST_F(ErasedRowsTest, AreKnownByEveryFormOfTheirId) {
  erased_.Add(erased_.HashOf("7"));
  erased_.Add(erased_.HashOf("0"));
  BatchBuilder builder = BuilderFor(DataSource::kCustomers);
  builder.AddRow(CustomerRow(RawValue::Number("7")), std::nullopt);
  builder.AddRow(CustomerRow(RawValue::Number("-0")), std::nullopt);
  builder.AddRow(CustomerRow(RawValue::Text("7")), std::nullopt);
  EXPECT_EQ(builder.Finish().refused_erased_rows, 3u);
}

TEST_F(ErasedRowsTest, AreCountedInAWriteOfTheirOwn) {
  BatchBuilder builder = BuilderFor(DataSource::kCustomerClv);
  builder.AddRow(CustomerRow(RawValue::Text("gone")), std::nullopt);
  const PreparedWrite write = builder.Finish();
  ASSERT_EQ(write.batches.size(), 1u);
  EXPECT_FALSE(write.batches[0].record.has_value());
  EXPECT_TRUE(write.batches[0].quarantined.empty());
  EXPECT_EQ(write.batches[0].refused_erased_rows, 1u);
}

TEST_F(ErasedRowsTest, LeaveAWriteThatWasPreparedBefore) {
  const std::string body =
      "{\"customer_id\":\"c1\"}{\"customer_id\":\"late\"}{\"customer_id\":\"late\",\"active\":7}"
      "{\"customer_id\":\"c1\",\"active\":7}{\"customer_id\":\"gone\"}";
  PreparedWrite write =
      ReadJsonBatch(body,
                    {.received_at_seconds = kReceivedAt, .wants_outcome = true, .erased = &erased_})
          .value();
  EXPECT_EQ(write.accepted_rows, 2u);
  erased_.Add(erased_.HashOf("late"));
  const uint64_t rows = write.rows();
  write = WithoutErased(std::move(write), erased_).value();
  EXPECT_EQ(write.accepted_rows, 1u);
  EXPECT_EQ(write.rows(), rows);
  EXPECT_EQ(write.refused_erased_rows, 3u);
  EXPECT_EQ(write.erased_generation, erased_.generation());
  ASSERT_EQ(write.batches.size(), 1u);
  const storage::LogBatch& batch = write.batches[0];
  EXPECT_EQ(batch.refused_erased_rows, 3u);
  EXPECT_EQ(batch.record->row_count, 1u);
  const wire::LogRows left = RowsOf(batch);
  ASSERT_EQ(left.customers.size(), 1u);
  EXPECT_EQ(left.customers[0].customer_id, "c1");
  EXPECT_TRUE(left.wants_outcome);
  ASSERT_EQ(batch.quarantined.size(), 1u);
  EXPECT_EQ(batch.quarantined[0].columns[0].raw, "c1");
}

TEST_F(ErasedRowsTest, LeaveNoEmptyRecord) {
  PreparedWrite write = ReadJsonBatch("{\"customer_id\":\"late\"}",
                                      {.received_at_seconds = kReceivedAt, .erased = &erased_})
                            .value();
  erased_.Add(erased_.HashOf("late"));
  write = WithoutErased(std::move(write), erased_).value();
  EXPECT_FALSE(write.batches[0].record.has_value());
  EXPECT_EQ(write.batches[0].refused_erased_rows, 1u);
}

TEST(BatchBuilderTest, RefusesRowsThatAreNotMeant) {
  const domain::RowCondition condition =
      domain::ParseRowCondition(DataSource::kPurchases, "purchase_amount >= 10").value();
  BatchBuilder builder({.data_source = DataSource::kPurchases,
                        .received_at_seconds = kReceivedAt,
                        .must_meet = &condition});
  builder.AddRow(PurchaseRow("p1", "c1", "10"), std::nullopt);
  builder.AddRow(PurchaseRow("p2", "c1", "9.99"), std::nullopt);
  builder.AddRow(PurchaseRow("p3", "c1", "x"), std::nullopt);
  const PreparedWrite write = builder.Finish();
  EXPECT_EQ(write.accepted_rows, 1u);
  ASSERT_EQ(write.batches.size(), 1u);
  EXPECT_EQ(RowsOf(write.batches[0]).purchases.size(), 1u);
  ASSERT_EQ(write.batches[0].quarantined.size(), 2u);
  const storage::QuarantinedRow& unmeant = write.batches[0].quarantined[0];
  EXPECT_EQ(unmeant.error, "got another row, want a row that meets replace_condition");
  EXPECT_EQ(unmeant.reason, "a row that meets replace_condition");
  EXPECT_EQ(unmeant.columns[0].raw, "p2");
  EXPECT_EQ(write.refusals[0].description, unmeant.error);
  EXPECT_EQ(write.batches[0].quarantined[1].error, "");
}

TEST(BatchBuilderTest, KeepsReasonsWithoutValues) {
  BatchBuilder builder({.received_at_seconds = kReceivedAt});
  builder.AddRow(CustomerRow(RawValue::Text("c1"), RawValue::Number("7")), std::nullopt);
  builder.AddRow(CustomerRow(RawValue::Text("c2"), RawValue::Text("yes, want 1")), std::nullopt);
  builder.AddText("17", "got a number, want a JSON object", "a JSON object");
  const PreparedWrite write = builder.Finish();
  const auto& refused = write.batches[0].quarantined;
  const auto place = static_cast<size_t>(domain::CustomerColumn::kActive);
  EXPECT_EQ(refused[0].columns[place].error, "active: got '7', want 0, 1, true or false");
  EXPECT_EQ(refused[0].columns[place].reason, "0, 1, true or false");
  EXPECT_EQ(refused[1].columns[place].reason, "0, 1, true or false");
  EXPECT_EQ(refused[0].columns[0].reason, "");
  EXPECT_EQ(refused[2].reason, "a JSON object");
}

TEST(BatchBuilderTest, MarksEveryRecordOfALoad) {
  BatchBuilder builder({.received_at_seconds = kReceivedAt,
                        .import_id = "load-1",
                        .max_record_rows = 1,
                        .load_id = "load-1",
                        .wants_outcome = true});
  builder.AddRow(CustomerRow(RawValue::Text("c1")), std::nullopt);
  builder.AddRow(CustomerRow(RawValue::Text("c2")), std::nullopt);
  const PreparedWrite write = builder.Finish();
  ASSERT_EQ(write.batches.size(), 2u);
  for (const storage::LogBatch& batch : write.batches) {
    EXPECT_EQ(batch.record->load_id, "load-1");
    EXPECT_EQ(RowsOf(batch).load_id, "load-1");
    EXPECT_TRUE(RowsOf(batch).wants_outcome);
  }
}

}  // namespace
}  // namespace clv::ingest
