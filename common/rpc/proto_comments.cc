#include "common/rpc/proto_comments.h"

#include <google/protobuf/descriptor.pb.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace clv::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

constexpr std::string_view kBehaviors[] = {"Required. ", "Optional. ", "Output only. "};

// Lines joined and white space collapsed.
std::string OneLine(const std::string& comment) {
  std::string line;
  for (const char c : comment) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

template <typename Part>
std::string CommentOf(const Part* part) {
  google::protobuf::SourceLocation location;
  if (part == nullptr || !part->GetSourceLocation(&location)) return std::string();
  std::string line = OneLine(location.leading_comments);
  for (const std::string_view behavior : kBehaviors) {
    if (line.starts_with(behavior)) return line.substr(behavior.size());
  }
  return line;
}

}  // namespace

ProtoComments::ProtoComments(std::unique_ptr<const DescriptorPool> pool) : pool_(std::move(pool)) {}

absl::StatusOr<ProtoComments> ProtoComments::Parse(std::string_view descriptor_set) {
  FileDescriptorSet files;
  if (!files.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError("the descriptor set does not parse");
  }
  auto pool = std::make_unique<DescriptorPool>();
  for (const FileDescriptorProto& file : files.file()) {
    if (pool->BuildFile(file) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the descriptors of ", file.name(), " do not build"));
    }
  }
  return ProtoComments(std::move(pool));
}

std::string ProtoComments::OfMethod(const std::string& full_name) const {
  return CommentOf(pool_->FindMethodByName(full_name));
}

std::string ProtoComments::OfField(const std::string& full_name) const {
  return CommentOf(pool_->FindFieldByName(full_name));
}

}  // namespace clv::rpc
