// services/gateway/unary_upstream.h: the channels to one upstream, one for each event loop.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UNARY_UPSTREAM_H_
#define CLV_SERVICES_GATEWAY_UNARY_UPSTREAM_H_

#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "services/gateway/unary_channel.h"

namespace clv::gateway {

// Thread-safe. To be destroyed when the event loops have stopped, before they are.
class UnaryUpstream {
 public:
  // Null where `address` is none that UnaryChannel knows.
  static std::unique_ptr<UnaryUpstream> Create(const std::string& address);
  ~UnaryUpstream();

  // The channel of this event loop; made when it is first asked for.
  std::shared_ptr<UnaryChannel> ChannelOn(boost::asio::io_context& io);

 private:
  explicit UnaryUpstream(UnaryChannel::Options options) : options_(std::move(options)) {}

  const UnaryChannel::Options options_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<const boost::asio::io_context*, std::shared_ptr<UnaryChannel>> channels_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UNARY_UPSTREAM_H_
