#include "services/ingest/push_stream.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/rpc/status_conversion.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/services/ingest/gated_log.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Request = v1::PushPurchasesRequest;
using Response = v1::PushPurchasesResponse;
using Stream = grpc::ClientReaderWriter<Request, Response>;

// A batch of valid rows, and of `bad` ones behind them.
Request Batch(uint64_t batch_id, int good = 1, int bad = 0, bool wait = false) {
  Request request;
  request.set_batch_id(batch_id);
  request.set_wait(wait);
  for (int row = 0; row < good + bad; ++row) {
    v1::Purchase* purchase = request.add_purchases();
    purchase->set_purchase_id(std::to_string(batch_id) + "-" + std::to_string(row));
    purchase->set_purchase_amount_micros(1'000'000);
    purchase->mutable_purchase_date()->set_seconds(1'673'878'800);
    if (row < good) purchase->set_customer_id("c1");
  }
  return request;
}

// The service of the fixture once more, over a log that the test can hold.
class PushStreamTest : public ServiceFixture {
 protected:
  void SetUp() override { Serve({.log = &gated_, .clock = &SystemClock()}); }

  void TearDown() override { host_->Drain(std::chrono::seconds(1)); }

  void Serve(WriteQueue::Options queue, milliseconds idle_timeout = std::chrono::seconds(20),
             PushLimits limits = {}) {
    host_.reset();
    service_.reset();
    // A log has one writer: each queue looks after it on a thread of its own.
    queue_.Drain();
    slow_queue_.reset();
    slow_queue_ = std::make_unique<WriteQueue>(queue);
    service_ =
        std::make_unique<IngestService>(IngestService::Options{.dispatch = dispatch_,
                                                               .queue = slow_queue_.get(),
                                                               .visibility = &visibility_,
                                                               .clock = &SystemClock(),
                                                               .erased = &erased_,
                                                               .outcomes = &outcomes_,
                                                               .stream_idle_timeout = idle_timeout,
                                                               .push_limits = limits});
    host_ = rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {service_.get()}).value();
    ingest_stub_ = v1::IngestService::NewStub(
        grpc::CreateChannel(host_->address(), grpc::InsecureChannelCredentials()));
  }

  std::unique_ptr<Stream> Push(grpc::ClientContext* context) {
    return ingest_stub_->PushPurchases(context);
  }

  static Response Acknowledgement(Stream& stream) {
    Response response;
    EXPECT_TRUE(stream.Read(&response)) << "the stream has ended";
    return response;
  }

  // Ends the stream's reading; its status.
  static grpc::Status End(Stream& stream) {
    Response response;
    EXPECT_FALSE(stream.Read(&response)) << response.ShortDebugString();
    return stream.Finish();
  }

  static void Await(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }

  void AwaitQueuedRows(uint64_t rows) {
    Await([&] { return slow_queue_->status().queued_rows >= rows; });
  }

  GatedLog gated_{log_.get()};
  std::unique_ptr<WriteQueue> slow_queue_;
  std::unique_ptr<IngestService> service_;
};

TEST_F(PushStreamTest, AcknowledgesEveryBatchInItsOrder) {
  const auto context = Context();
  const auto stream = Push(context.get());
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(stream->Write(Batch(1'000 - i, 3, 1)));
  stream->WritesDone();
  for (uint64_t i = 0; i < 50; ++i) {
    const Response response = Acknowledgement(*stream);
    EXPECT_EQ(response.batch_id(), 1'000 - i);
    EXPECT_EQ(response.result().successful_rows(), 3u);
    EXPECT_EQ(response.result().quarantined_rows(), 1u);
    EXPECT_EQ(response.result().log_position(), i + 1);
    EXPECT_FALSE(response.result().visible());
    ASSERT_EQ(response.result().errors_size(), 1);
    EXPECT_EQ(response.result().errors(0).row(), 3u);
    EXPECT_EQ(response.result().errors(0).field(), "customer_id");
  }
  EXPECT_TRUE(End(*stream).ok());
  const wire::LogRows rows = LoggedRows();
  ASSERT_EQ(rows.purchases.size(), 150u);
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(rows.purchases[i].purchase_id,
              std::to_string(1'000 - i / 3) + "-" + std::to_string(i % 3));
  }
  EXPECT_EQ(Quarantined(domain::DataSource::kPurchases).size(), 50u);
}

TEST_F(PushStreamTest, EveryRecordHasItsStream) {
  const auto customers_context = Context();
  const auto customers = ingest_stub_->PushCustomers(customers_context.get());
  v1::PushCustomersRequest customer;
  customer.set_batch_id(5);
  customer.add_customers()->set_customer_id("c1");
  ASSERT_TRUE(customers->Write(customer));
  v1::PushCustomersResponse written;
  ASSERT_TRUE(customers->Read(&written));
  EXPECT_EQ(written.batch_id(), 5u);
  EXPECT_EQ(written.result().successful_rows(), 1u);
  customers->WritesDone();
  EXPECT_TRUE(customers->Finish().ok());

  const auto clvs_context = Context();
  const auto clvs = ingest_stub_->PushCustomerClvs(clvs_context.get());
  v1::PushCustomerClvsRequest clv;
  clv.add_customer_clvs()->set_customer_id("c1");
  ASSERT_TRUE(clvs->Write(clv));
  v1::PushCustomerClvsResponse refused;
  ASSERT_TRUE(clvs->Read(&refused));
  EXPECT_EQ(refused.batch_id(), 0u);
  EXPECT_EQ(refused.result().quarantined_rows(), 1u);
  clvs->WritesDone();
  EXPECT_TRUE(clvs->Finish().ok());
}

TEST_F(PushStreamTest, AcknowledgesNothingThatIsNotDurable) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  auto answer = std::async(std::launch::async, [&] { return Acknowledgement(*stream); });
  AwaitQueuedRows(1);
  EXPECT_EQ(answer.wait_for(milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(log_->LastPosition(), 0u);
  gated_.Open();
  EXPECT_EQ(answer.get().result().log_position(), 1u);
  EXPECT_EQ(LoggedRows().purchases.size(), 1u);
  stream->WritesDone();
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, ReadsOnWhileEarlierBatchesAreBeingCommittedButNoFurtherThanItsWindow) {
  Serve({.log = &gated_, .clock = &SystemClock()}, std::chrono::seconds(20), {.max_batches = 8});
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  std::thread client([&] {
    for (int batch = 0; batch < 50; ++batch) ASSERT_TRUE(stream->Write(Batch(batch, 500)));
    stream->WritesDone();
  });
  AwaitQueuedRows(8 * 500);
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(slow_queue_->status().queued_rows, 8u * 500);
  gated_.Open();
  for (uint64_t batch = 0; batch < 50; ++batch) {
    EXPECT_EQ(Acknowledgement(*stream).batch_id(), batch);
  }
  client.join();
  EXPECT_TRUE(End(*stream).ok());
  EXPECT_EQ(log_->LastPosition(), 50u);
}

TEST_F(PushStreamTest, AClientThatIsFasterThanTheLogIsSlowedByFlowControl) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  constexpr int kBatches = 2'000;  // some 30 bytes a row: 300 MB, if nobody stopped the client
  std::atomic<int> sent = 0;
  std::thread client([&] {
    const Request batch = Batch(1, 5'000);
    while (sent < kBatches && stream->Write(batch)) ++sent;
  });
  AwaitQueuedRows(5'000);
  int before = -1;
  while (before != sent) {
    before = sent;
    std::this_thread::sleep_for(milliseconds(300));
  }
  EXPECT_LT(sent, kBatches);
  // The window holds 8 MiB and one batch at most.
  EXPECT_LT(slow_queue_->status().queued_bytes, 10u << 20);
  context->TryCancel();
  client.join();
  gated_.Open();
  Response response;
  while (stream->Read(&response)) continue;
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(PushStreamTest, ManySmallBatchesShareACommit) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  for (int batch = 0; batch < 40; ++batch) ASSERT_TRUE(stream->Write(Batch(batch)));
  stream->WritesDone();
  AwaitQueuedRows(40);
  gated_.Open();
  for (uint64_t batch = 0; batch < 40; ++batch) {
    EXPECT_EQ(Acknowledgement(*stream).batch_id(), batch);
  }
  EXPECT_TRUE(End(*stream).ok());
  // The first may have begun before the others came.
  EXPECT_LE(gated_.appends(), 2);
}

TEST_F(PushStreamTest, ABatchThatIsRefusedEndsTheStreamAfterTheAcknowledgementsBeforeIt) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(11)));
  ASSERT_TRUE(stream->Write(Batch(12)));
  ASSERT_TRUE(stream->Write(Batch(13, 0)));
  stream->Write(Batch(14));
  AwaitQueuedRows(2);
  gated_.Open();
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 11u);
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 12u);
  const grpc::Status status = End(*stream);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "purchases: got '0 rows in batch 13', want 1 to 100000");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::BadRequest violation;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&violation));
  EXPECT_EQ(violation.field_violations(0).field(), "purchases");
  EXPECT_EQ(LoggedRows().purchases.size(), 2u);
}

TEST_F(PushStreamTest, TakesCompressedBatches) {
  const auto context = Context();
  context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const auto stream = Push(context.get());
  for (uint64_t batch = 0; batch < 3; ++batch) ASSERT_TRUE(stream->Write(Batch(batch, 1'000)));
  stream->WritesDone();
  for (uint64_t batch = 0; batch < 3; ++batch) {
    const Response response = Acknowledgement(*stream);
    EXPECT_EQ(response.batch_id(), batch);
    EXPECT_EQ(response.result().successful_rows(), 1'000u);
  }
  EXPECT_TRUE(End(*stream).ok());
  EXPECT_EQ(LoggedRows().purchases.size(), 3'000u);
}

// Whatever the room, one message is read ahead and none is lost.
TEST_F(PushStreamTest, AWindowOfOneBatchTakesThemAll) {
  Serve({.log = &gated_, .clock = &SystemClock()}, std::chrono::seconds(20), {.max_batches = 1});
  const auto context = Context();
  const auto stream = Push(context.get());
  std::thread client([&] {
    for (int batch = 0; batch < 100; ++batch) ASSERT_TRUE(stream->Write(Batch(batch)));
    stream->WritesDone();
  });
  for (uint64_t batch = 0; batch < 100; ++batch) {
    EXPECT_EQ(Acknowledgement(*stream).batch_id(), batch);
  }
  client.join();
  EXPECT_TRUE(End(*stream).ok());
  EXPECT_EQ(log_->LastPosition(), 100u);
}

// As a client of another schema, or a broken one, sends it.
TEST_F(PushStreamTest, BytesThatAreNoBatchEndTheStreamAfterTheAcknowledgementsBeforeThem) {
  const auto bytes_of = [](const std::string& text) {
    const grpc::Slice slice(text);
    return grpc::ByteBuffer(&slice, 1);
  };
  const std::string unreadable_row("\x08\x0c\x12\x02\x0a\x05", 6);
  for (const std::string& unreadable : {std::string("\x12\x05x"), unreadable_row}) {
    using Bytes = grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>;
    const auto channel = grpc::CreateChannel(host_->address(), grpc::InsecureChannelCredentials());
    const auto context = Context();
    const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
        Bytes::Create(channel.get(),
                      grpc::internal::RpcMethod("/clv.v1.IngestService/PushPurchases",
                                                grpc::internal::RpcMethod::BIDI_STREAMING),
                      context.get()));
    ASSERT_TRUE(stream->Write(bytes_of(Batch(11).SerializeAsString())));
    ASSERT_TRUE(stream->Write(bytes_of(unreadable)));
    grpc::ByteBuffer answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_FALSE(stream->Read(&answer));
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("bytes that cannot be read"));
  }
  EXPECT_EQ(log_->LastPosition(), 2u);
}

TEST_F(PushStreamTest, TooManyRowsAreRefusedAsAWhole) {
  const auto context = Context();
  const auto stream = ingest_stub_->PushCustomers(context.get());
  v1::PushCustomersRequest request;
  for (int i = 0; i <= kMaxBatchRows; ++i) request.add_customers()->set_customer_id("c");
  stream->Write(request);
  v1::PushCustomersResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_message(), "customers: got '100001 rows in batch 0', want 1 to 100000");
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(PushStreamTest, ALogThatFailsEndsTheStreamThoughTheClientIsStillToSend) {
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  gated_.FailWith(absl::UnavailableError("busy"));
  ASSERT_TRUE(stream->Write(Batch(2)));
  const grpc::Status status = End(*stream);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(LoggedRows().purchases.size(), 1u);
}

TEST_F(PushStreamTest, AFullQueueSlowsTheStreamAndDoesNotEndIt) {
  Serve({.log = &gated_, .clock = &SystemClock(), .max_rows = 2});
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  for (int batch = 0; batch < 10; ++batch) ASSERT_TRUE(stream->Write(Batch(batch)));
  stream->WritesDone();
  AwaitQueuedRows(2);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(slow_queue_->status().queued_rows, 2u);
  gated_.Open();
  for (uint64_t batch = 0; batch < 10; ++batch) {
    EXPECT_EQ(Acknowledgement(*stream).batch_id(), batch);
  }
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, AStreamThatWaitsForRoomCanBeCancelled) {
  Serve({.log = &gated_, .clock = &SystemClock(), .max_rows = 1});
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  for (int batch = 0; batch < 3; ++batch) stream->Write(Batch(batch));
  AwaitQueuedRows(1);
  context->TryCancel();
  EXPECT_EQ(End(*stream).error_code(), grpc::StatusCode::CANCELLED);
  gated_.Open();
  Await([&] { return slow_queue_->status().queued_rows == 0; });
  EXPECT_EQ(log_->LastPosition(), 1u);
}

TEST_F(PushStreamTest, TheHalfClosedStreamEndsWhenAllIsAcknowledged) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  for (int batch = 0; batch < 3; ++batch) ASSERT_TRUE(stream->Write(Batch(batch)));
  stream->WritesDone();
  AwaitQueuedRows(3);
  auto first = std::async(std::launch::async, [&] { return Acknowledgement(*stream); });
  EXPECT_EQ(first.wait_for(milliseconds(50)), std::future_status::timeout);
  gated_.Open();
  EXPECT_EQ(first.get().batch_id(), 0u);
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 2u);
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, AStreamWithoutBatchesIsFine) {
  const auto context = Context();
  const auto stream = Push(context.get());
  stream->WritesDone();
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, ACancelledStreamLeavesTheServerWell) {
  for (int i = 0; i < 30; ++i) {
    const auto context = Context();
    const auto stream = Push(context.get());
    for (int batch = 0; batch <= i % 4; ++batch) stream->Write(Batch(batch, 10));
    if (i % 3 == 0) Acknowledgement(*stream);
    context->TryCancel();
    Response response;
    while (stream->Read(&response)) continue;
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  stream->WritesDone();
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, WhatWasInFlightOfACancelledStreamIsWrittenAsAWholeOrNotAtAll) {
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  for (int batch = 0; batch < 4; ++batch) ASSERT_TRUE(stream->Write(Batch(batch, 5)));
  AwaitQueuedRows(20);
  context->TryCancel();
  EXPECT_EQ(End(*stream).error_code(), grpc::StatusCode::CANCELLED);
  gated_.Open();
  Await([&] { return slow_queue_->status().queued_rows == 0; });
  EXPECT_EQ(LoggedRows().purchases.size(), 20u);
}

TEST_F(PushStreamTest, ASilentStreamIsEndedAndToldWhy) {
  Serve({.log = &gated_, .clock = &SystemClock()}, milliseconds(100));
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  const grpc::Status status = End(*stream);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(), "no batch came for too long");
}

TEST_F(PushStreamTest, AClientThatWaitsForItsAcknowledgementIsNotSilent) {
  Serve({.log = &gated_, .clock = &SystemClock()}, milliseconds(50));
  gated_.Close();
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  auto answer = std::async(std::launch::async, [&] { return Acknowledgement(*stream); });
  EXPECT_EQ(answer.wait_for(milliseconds(400)), std::future_status::timeout);
  gated_.Open();
  EXPECT_EQ(answer.get().batch_id(), 1u);
}

TEST_F(PushStreamTest, AClientThatTakesNoAcknowledgementsIsSlowedAndEnded) {
  Serve({.log = &gated_, .clock = &SystemClock()}, milliseconds(200), {.max_batches = 4});
  const auto context = Context();
  const auto stream = Push(context.get());
  // Long acknowledgements, each with twenty errors.
  int batch = 0;
  while (batch < 100'000 && stream->Write(Batch(batch, 0, 20))) ++batch;
  EXPECT_LT(batch, 100'000);
  Response response;
  while (stream->Read(&response)) continue;
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(PushStreamTest, WaitsUntilABatchIsVisibleAndTellsItsDuplicates) {
  outcomes_.Set(1, {.duplicate_rows = 2});
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1, 3, 0, true)));
  ASSERT_TRUE(stream->Write(Batch(2)));
  Await([&] { return log_->LastPosition() == 2; });
  auto first = std::async(std::launch::async, [&] { return Acknowledgement(*stream); });
  EXPECT_EQ(first.wait_for(milliseconds(50)), std::future_status::timeout);
  progress_.FoldThrough(1);
  const Response visible = first.get();
  EXPECT_EQ(visible.batch_id(), 1u);
  EXPECT_TRUE(visible.result().visible());
  EXPECT_EQ(visible.result().duplicate_rows(), 2u);
  const Response durable = Acknowledgement(*stream);
  EXPECT_EQ(durable.batch_id(), 2u);
  EXPECT_FALSE(durable.result().visible());
  stream->WritesDone();
  EXPECT_TRUE(End(*stream).ok());
}

TEST_F(PushStreamTest, AWaitThatIsNotRewardedEndsBeforeTheDeadline) {
  const auto context = Context();
  context->set_deadline(std::chrono::system_clock::now() + milliseconds(600));
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1, 1, 0, true)));
  const Response response = Acknowledgement(*stream);
  EXPECT_FALSE(response.result().visible());
  EXPECT_EQ(response.result().log_position(), 1u);
}

TEST_F(PushStreamTest, ARateLimitEndsTheStreamAtTheBatchBeyondIt) {
  const std::string token = NewToken({.name = "slow",
                                      .scopes = {"DATASOURCES:APPEND:*"},
                                      .limits = {.requests_per_second = 0.001}});
  const auto context = Context(token);
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  stream->Write(Batch(2));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  EXPECT_EQ(End(*stream).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(context->GetServerTrailingMetadata().count("retry-after"), 1u);
  EXPECT_EQ(LoggedRows().purchases.size(), 1u);
}

TEST_F(PushStreamTest, NeedsATokenForItsDataSource) {
  const auto code = [&](const std::string& token) {
    const auto context = Context(token);
    const auto stream = Push(context.get());
    stream->Write(Batch(1));
    return End(*stream).error_code();
  };
  EXPECT_EQ(code(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code("wrong"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code(NewTokenWith({"DATASOURCES:APPEND:customers"})),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(PushStreamTest, TellsTheClientWhenIngestIsEnding) {
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  slow_queue_->Drain();
  stream->Write(Batch(2));
  EXPECT_EQ(End(*stream).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(PushStreamTest, AnOpenStreamDoesNotHoldUpTheEndOfTheServer) {
  const auto context = Context();
  const auto stream = Push(context.get());
  ASSERT_TRUE(stream->Write(Batch(1)));
  EXPECT_EQ(Acknowledgement(*stream).batch_id(), 1u);
  host_->Drain(milliseconds(50));
  EXPECT_FALSE(End(*stream).ok());
}

TEST_F(PushStreamTest, ManyStreamsAtOnceKeepTheirOwnOrder) {
  std::vector<std::thread> clients;
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([this, client] {
      const auto context = Context();
      const auto stream = Push(context.get());
      std::thread reader([&] {
        for (uint64_t batch = 0; batch < 100; ++batch) {
          EXPECT_EQ(Acknowledgement(*stream).batch_id(), client * 1'000 + batch);
        }
      });
      for (int batch = 0; batch < 100; ++batch) {
        ASSERT_TRUE(stream->Write(Batch(client * 1'000 + batch, 5)));
      }
      stream->WritesDone();
      reader.join();
      EXPECT_TRUE(End(*stream).ok());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(LoggedRows().purchases.size(), 3'000u);
}

}  // namespace
}  // namespace clv::ingest
