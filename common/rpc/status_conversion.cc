#include "common/rpc/status_conversion.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace clv::rpc {
namespace {

constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";

std::string CutMessage(absl::string_view message) {
  const std::string valid = ToValidUtf8(std::string_view(message.data(), message.size()));
  return std::string(CutUtf8(valid, kMaxMessageBytes));
}

}  // namespace

absl::Status FieldError(std::string_view field, std::string_view got, std::string_view want) {
  return FieldError(field, absl::StrCat("got ", Quoted(got), ", want ",
                                        absl::string_view(want.data(), want.size())));
}

absl::Status FieldError(std::string_view field, std::string_view phrase) {
  const std::string name(field);
  google::rpc::BadRequest details;
  auto* violation = details.add_field_violations();
  violation->set_field(name);
  violation->set_description(std::string(phrase));
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat(name, ": ", absl::string_view(phrase.data(), phrase.size())));
  status.SetPayload(kBadRequestUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(CutMessage(status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (url.substr(0, sizeof(kTypeUrlPrefix) - 1) != kTypeUrlPrefix) return;
    auto* detail = details.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.details().empty() ? std::string() : details.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace clv::rpc
