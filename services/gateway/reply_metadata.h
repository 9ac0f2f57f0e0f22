// services/gateway/reply_metadata.h: the metadata that a gRPC call has brought back.
//
// Internal to the gateway's calls.
#ifndef CLV_SERVICES_GATEWAY_REPLY_METADATA_H_
#define CLV_SERVICES_GATEWAY_REPLY_METADATA_H_

#include <map>

#include "grpcpp/client_context.h"
#include "grpcpp/support/string_ref.h"

namespace clv::gateway {

// By name; values of `-bin` names are bytes.
using MetadataMap = std::multimap<grpc::string_ref, grpc::string_ref>;

// Of a call that has ended, to which they belong.
struct ReplyMetadata {
  const MetadataMap& initial;   // before the first message; empty where a status is all there is
  const MetadataMap& trailing;  // with the status
};

// Not before the call has ended: gRPC would take what is there for all there will be.
inline ReplyMetadata MetadataOf(const grpc::ClientContext& context) {
  return {context.GetServerInitialMetadata(), context.GetServerTrailingMetadata()};
}

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_REPLY_METADATA_H_
