#include "services/gateway/unary_upstream.h"

#include <optional>
#include <utility>

namespace clv::gateway {

std::unique_ptr<UnaryUpstream> UnaryUpstream::Create(const std::string& address) {
  std::optional<HostPort> parsed = ParseHostPort(address);
  if (!parsed.has_value()) return nullptr;
  return std::unique_ptr<UnaryUpstream>(
      new UnaryUpstream({.authority = address, .address = *std::move(parsed)}));
}

UnaryUpstream::~UnaryUpstream() {
  for (const auto& [io, channel] : channels_) channel->Close();
}

std::shared_ptr<UnaryChannel> UnaryUpstream::ChannelOn(boost::asio::io_context& io) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<UnaryChannel>& channel = channels_[&io];
  if (channel == nullptr) channel = std::make_shared<UnaryChannel>(io, options_);
  return channel;
}

}  // namespace clv::gateway
