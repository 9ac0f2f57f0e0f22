// tests/services/gateway/download_echoes.h: answers with a stream of HttpBody.
#ifndef CLV_TESTS_SERVICES_GATEWAY_DOWNLOAD_ECHOES_H_
#define CLV_TESTS_SERVICES_GATEWAY_DOWNLOAD_ECHOES_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "tests/services/gateway/test_api.grpc.pb.h"

namespace clv::gateway::testing {

// Piece `i` of a download as the service sends it.
std::string PieceOfDownload(const std::string& name, uint32_t i, uint32_t piece_bytes);

// Sends so many pieces as the request says, the first with a content type. The metadata `x-mode`:
//   (absent)  ends well
//   refuse    ends with PERMISSION_DENIED before the first piece
//   break     ends with DATA_LOSS after the last piece
//   gaps      sends an empty piece after each
//   hang      sends the pieces, then nothing until it is cancelled
// Thread-safe.
class DownloadEchoes final : public DownloadService::CallbackService {
 public:
  struct Seen {
    int pieces = 0;     // taken by gRPC
    int cancelled = 0;  // calls
    int ended = 0;      // calls
  };

  Seen seen() const;

  // Waits at most ten seconds until `holds` of what was seen; false: it does not.
  bool WaitUntil(const std::function<bool(const Seen&)>& holds) const;

  grpc::ServerWriteReactor<google::api::HttpBody>* Download(
      grpc::CallbackServerContext* context, const DownloadRequest* request) override;

 private:
  class Call;

  void Change(const std::function<void(Seen&)>& change);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;  // guarded by mutex_
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_DOWNLOAD_ECHOES_H_
