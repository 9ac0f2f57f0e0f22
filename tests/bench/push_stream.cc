#include "tests/bench/push_stream.h"

namespace clv::bench {

double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

PushStream::PushStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& token)
    : stub_(channel) {
  context_.AddMetadata("authorization", "Bearer " + token);
  call_ = stub_.PrepareCall(&context_, "/clv.v1.IngestService/PushPurchases", &queue_);
  call_->StartCall(Tag(kStart));
  Await(kStart);
}

// What SendAll keeps of batches that are under way.
struct PushStream::Run {
  std::optional<EncodedBatch> next;
  bool is_writing = false;
  Clock::time_point begin = Clock::now();
  Clock::time_point due = begin;
  std::deque<Clock::time_point> sent_at;  // of the batches that are not acknowledged
};

PushStream::Sent PushStream::SendAll(BatchFile& batches, std::optional<double> rows_per_second,
                                     const std::atomic<bool>& stops) {
  Sent sent;
  Run run{.next = batches.Next()};
  call_->Read(&reply_, Tag(kRead));
  while (run.next || run.is_writing || !run.sent_at.empty()) {
    if (stops && run.next) {
      run.next.reset();
      continue;
    }
    if (run.next && !run.is_writing && (!rows_per_second || Clock::now() >= run.due)) {
      run.sent_at.push_back(Clock::now());
      run.is_writing = true;
      sent.rows += run.next->rows;
      Write(*run.next);
      run.next = batches.Next();
      if (rows_per_second) {
        const std::chrono::duration<double> since(static_cast<double>(sent.rows) /
                                                  *rows_per_second);
        run.due = run.begin + std::chrono::duration_cast<Clock::duration>(since);
      }
    }
    const bool waits_for_due = rows_per_second && run.next && !run.is_writing;
    const auto [what, ok] = waits_for_due ? Next(run.due) : Next();
    if (what == kTimeout) continue;
    if (!ok) End();
    if (what == kWrite) {
      run.is_writing = false;
    } else {
      sent.accepted += TakeReply().result().successful_rows();
      sent.latencies_ms.push_back(MillisecondsSince(run.sent_at.front()));
      run.sent_at.pop_front();
      // The read that is left over at the end is answered when the stream ends.
      call_->Read(&reply_, Tag(kRead));
    }
  }
  return sent;
}

v1::PushPurchasesResponse PushStream::Exchange(const EncodedBatch& batch) {
  call_->Read(&reply_, Tag(kRead));
  Write(batch);
  for (int ended = 0; ended < 2; ++ended) {
    if (!Next().second) End();
  }
  return TakeReply();
}

void PushStream::Close() {
  call_->WritesDone(Tag(kWrite));
  while (true) {
    const auto [what, ok] = Next();
    if (what != kWrite) continue;
    if (!ok) End();
    break;
  }
  Finish();
}

// A tag and whether it succeeded; kTimeout when none came until then.
std::pair<PushStream::What, bool> PushStream::Next(std::optional<Clock::time_point> until) {
  void* tag = nullptr;
  bool ok = false;
  if (!until) {
    if (!queue_.Next(&tag, &ok)) Fail("the queue has ended");
  } else {
    const auto deadline = std::chrono::system_clock::now() + (*until - Clock::now());
    const auto state = queue_.AsyncNext(&tag, &ok, deadline);
    if (state == grpc::CompletionQueue::TIMEOUT) return {kTimeout, true};
    if (state == grpc::CompletionQueue::SHUTDOWN) Fail("the queue has ended");
  }
  return {static_cast<What>(reinterpret_cast<intptr_t>(tag)), ok};
}

void PushStream::Await(What what) {
  if (Next() != std::pair(what, true)) End();
}

void PushStream::Write(const EncodedBatch& batch) {
  const grpc::Slice slice(batch.message.data(), batch.message.size(), grpc::Slice::STATIC_SLICE);
  call_->Write(grpc::ByteBuffer(&slice, 1), Tag(kWrite));
}

v1::PushPurchasesResponse PushStream::TakeReply() {
  v1::PushPurchasesResponse response;
  if (!grpc::SerializationTraits<v1::PushPurchasesResponse>::Deserialize(&reply_, &response).ok())
    Fail("an acknowledgement cannot be read");
  if (response.batch_id() != acknowledged_++) Fail("an acknowledgement is out of order");
  return response;
}

void PushStream::Finish() {
  grpc::Status status;
  call_->Finish(&status, Tag(kFinish));
  while (Next().first != kFinish) continue;
  if (!status.ok()) Fail(status.error_message());
}

void PushStream::End() {
  Finish();
  Fail("the stream ended before all was acknowledged");
}

}  // namespace clv::bench
