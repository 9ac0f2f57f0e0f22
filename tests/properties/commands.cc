#include "tests/properties/commands.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/base/instant.h"
#include "gtest/gtest.h"
#include "tests/properties/vocabulary.h"

namespace clv::properties {
namespace {

std::string RandomText(const std::string& column, const History& history, Dice* dice) {
  if (column == "customer_id" && !history.customer_ids.empty() && !dice->OneIn(6)) {
    return dice->Of(history.customer_ids);
  }
  if (column == "country") return dice->Of(kCountries);
  if (column == "customer_segment") return dice->Of(kSegments);
  if (column == "acquisition_source") return dice->Of(kSources);
  if (column == "product_id") return dice->Of(kProducts);
  if (column == "product_category") return dice->Of(kCategories);
  if (column == "currency") return dice->OneIn(3) ? "EUR" : "USD";
  return dice->Of<std::string>({"p1", "p10", "m", "it's", "a\\b", ""});
}

std::string RandomLiteral(const model::ColumnKind& column, const History& history, Dice* dice) {
  switch (column.kind) {
    case 'i': {
      const int64_t instant =
          history.instants.empty() ? kNow : dice->Of(history.instants) + dice->Below(3) - 1;
      return FormatInstant(std::max<int64_t>(instant, 0));
    }
    case 'm':
      return dice->Of<std::string>({"0", "-1", "10", "19.99", "100.5", "0.000001"});
    case 'n':
      return dice->Of<std::string>({"1", "2", "5"});
    case 'f':
      return dice->OneIn(2) ? "0" : "1";
    default:
      return RandomText(column.name, history, dice);
  }
}

void Prepare(const RunningSuite& suite, grpc::ClientContext* context) {
  context->AddMetadata("authorization", suite.authorization());
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

v1::Job WaitForEnd(const RunningSuite& suite, v1::Job job) {
  const auto stub = v1::AdminService::NewStub(suite.channel());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (job.state() == v1::JOB_STATE_WAITING || job.state() == v1::JOB_STATE_WORKING) {
    if (std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    grpc::ClientContext context;
    Prepare(suite, &context);
    v1::AdminServiceGetJobRequest request;
    request.set_job_id(job.job_id());
    v1::AdminServiceGetJobResponse response;
    const grpc::Status status = stub->GetJob(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) break;
    job = response.job();
  }
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.ShortDebugString();
  return job;
}

v1::DeleteRowsResponse CallDeleteRows(const RunningSuite& suite, const std::string& data_source,
                                      const std::string& condition, bool dry_run) {
  grpc::ClientContext context;
  Prepare(suite, &context);
  v1::DeleteRowsRequest request;
  request.set_data_source(data_source);
  request.set_delete_condition(condition);
  request.set_dry_run(dry_run);
  v1::DeleteRowsResponse response;
  const grpc::Status status =
      v1::DataSourceService::NewStub(suite.channel())->DeleteRows(&context, request, &response);
  EXPECT_TRUE(status.ok()) << condition << ": " << status.error_message();
  return response;
}

}  // namespace

model::Condition RandomCondition(const std::string& data_source, const History& history, Dice* dice,
                                 int depth) {
  if (depth < 3 && dice->OneIn(3)) {
    const std::string word = dice->Of<std::string>({"and", "or", "not"});
    model::Condition condition{.word = word};
    const int64_t operands = word == "not" ? 1 : 2 + dice->Below(2);
    for (int64_t i = 0; i < operands; ++i) {
      condition.operands.push_back(RandomCondition(data_source, history, dice, depth + 1));
    }
    return condition;
  }
  const model::ColumnKind& column = dice->Of(model::ColumnKinds(data_source));
  if (dice->OneIn(8)) return {.word = "null", .operands = {}, .column = column.name, .text = ""};
  return {.word = dice->Of<std::string>({"=", "=", "!=", "<", "<=", ">", ">="}),
          .operands = {},
          .column = column.name,
          .text = RandomLiteral(column, history, dice)};
}

v1::Job DeleteRows(const RunningSuite& suite, const std::string& data_source,
                   const std::string& condition) {
  return WaitForEnd(suite, CallDeleteRows(suite, data_source, condition, false).job());
}

int64_t CountRows(const RunningSuite& suite, const std::string& data_source,
                  const std::string& condition) {
  return static_cast<int64_t>(
      CallDeleteRows(suite, data_source, condition, true).rows_to_be_deleted());
}

v1::Job Truncate(const RunningSuite& suite, const std::string& data_source) {
  grpc::ClientContext context;
  Prepare(suite, &context);
  v1::TruncateDataSourceRequest request;
  request.set_data_source(data_source);
  v1::TruncateDataSourceResponse response;
  const grpc::Status status = v1::DataSourceService::NewStub(suite.channel())
                                  ->TruncateDataSource(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return WaitForEnd(suite, response.job());
}

v1::Job EraseCustomer(const RunningSuite& suite, const std::string& customer_id) {
  grpc::ClientContext context;
  Prepare(suite, &context);
  v1::EraseCustomerRequest request;
  request.set_customer_id(customer_id);
  v1::EraseCustomerResponse response;
  const grpc::Status status =
      v1::AdminService::NewStub(suite.channel())->EraseCustomer(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return WaitForEnd(suite, response.job());
}

v1::Job Replace(const RunningSuite& suite, const std::string& data_source,
                const std::string& condition, const std::string& file, Dice* dice) {
  grpc::ClientContext context;
  Prepare(suite, &context);
  v1::ImportFileResponse response;
  const auto writer =
      v1::DataSourceService::NewStub(suite.channel())->ImportFile(&context, &response);
  v1::ImportFileRequest request;
  request.set_data_source(data_source);
  request.set_mode(v1::IMPORT_MODE_REPLACE);
  request.set_format(v1::FILE_FORMAT_NDJSON);
  request.set_replace_condition(condition);
  request.set_wait(true);
  for (size_t at = 0; at < file.size() || at == 0;) {
    const size_t length = std::min(file.size() - at, static_cast<size_t>(1 + dice->Below(2'000)));
    request.mutable_body()->set_data(file.substr(at, length));
    writer->Write(request);
    request.Clear();
    at += std::max<size_t>(length, 1);
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << condition << ": " << status.error_message();
  EXPECT_TRUE(response.visible());
  return response.job();
}

}  // namespace clv::properties
