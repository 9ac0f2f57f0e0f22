// tests/services/gateway/stream_echoes.h: takes streamed uploads, at the test's pace where asked.
#ifndef CLV_TESTS_SERVICES_GATEWAY_STREAM_ECHOES_H_
#define CLV_TESTS_SERVICES_GATEWAY_STREAM_ECHOES_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>

#include "grpcpp/generic/async_generic_service.h"
#include "tests/services/gateway/test_api.grpc.pb.h"

namespace clv::gateway::testing {

inline constexpr uint64_t kEmptyHash = 0xcbf29ce484222325;

// FNV-1a of what gave `hash` and `bytes` behind it.
uint64_t HashOn(uint64_t hash, std::string_view bytes);

// The metadata `x-mode` says what a call does:
//   (absent)  takes everything, then tells what it saw
//   held      takes as many messages as Release has let through
//   refuse    ends with PERMISSION_DENIED after the first message
//   deaf      ends with PERMISSION_DENIED without taking any
//   enough    replies after the first message
// `x-status` becomes the metadata `x-clv-http-status`. Thread-safe.
class StreamEchoes final : public StreamService::CallbackService {
 public:
  struct Seen {
    int calls = 0;
    int messages = 0;
    uint64_t bytes = 0;  // of data
    int cancelled = 0;   // calls that were cancelled before they ended
  };

  // Lets held calls take so many messages more.
  void Release(int messages);

  Seen seen() const;

  // Waits at most ten seconds until `holds` of what was seen; false: it does not.
  bool WaitUntil(const std::function<bool(const Seen&)>& holds) const;

  grpc::ServerReadReactor<UploadRequest>* Upload(grpc::CallbackServerContext* context,
                                                 StreamReply* reply) override;
  grpc::ServerReadReactor<google::api::HttpBody>* Raw(grpc::CallbackServerContext* context,
                                                      google::api::HttpBody* reply) override;

 private:
  template <typename Request>
  class Call;

  void Change(const std::function<void(Seen&)>& change);

  // Runs `read` now, or when Release lets one more message through.
  void WhenReleased(const void* call, std::function<void()> read);

  // Drops what the call waits to read; false: it waits for nothing.
  bool Forget(const void* call);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;                                          // guarded by mutex_
  int released_ = 0;                                   // guarded by mutex_
  std::map<const void*, std::function<void()>> held_;  // by call; guarded by mutex_
};

// Serves SilentService, whose one method ends with OK but without a reply, which generated code
// cannot do.
class SilentEchoes final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_STREAM_ECHOES_H_
