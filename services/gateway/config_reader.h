// services/gateway/config_reader.h: typed reading of YAML, strict about what it does not know.
#ifndef CLV_SERVICES_GATEWAY_CONFIG_READER_H_
#define CLV_SERVICES_GATEWAY_CONFIG_READER_H_

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv::gateway {

// What an integer may be.
struct IntegerRange {
  int64_t least;
  int64_t most;
};

// One YAML mapping. Each Read takes the member of that name, if it is there and not null, and
// leaves the value as it is otherwise; names may be written as `snake_case` or `lowerCamel`, as
// Envoy takes them. The first error is kept, names line, place and what was wanted, and comes out
// of Finish, as does a member that no Read asked for. Not thread-safe.
//
// Example:
//   ConfigMap map(node, "limits");
//   map.Read("max_connections", &options.max_connections, {1, 1'000'000});
//   CLV_RETURN_IF_ERROR(map.Finish());
class ConfigMap {
 public:
  // `place` is the dotted name of the mapping, empty for the whole document. A node that is no
  // mapping is an error; a null one is empty.
  ConfigMap(const YAML::Node& node, std::string place);

  void Read(const std::string& name, std::string* value);
  void Read(const std::string& name, bool* value);
  void Read(const std::string& name, int64_t* value, IntegerRange range);
  void Read(const std::string& name, int* value, IntegerRange range);
  void Read(const std::string& name, std::vector<std::string>* values);

  // A duration as `10s`, `1.5s` or `250ms`, at least a millisecond.
  void Read(const std::string& name, std::chrono::milliseconds* value);

  // The member as it stands; not defined where it is absent or null.
  YAML::Node Take(const std::string& name);

  bool Has(const std::string& name) const;

  // Records an error at the member, unless there is one already.
  void Refuse(const std::string& name, const std::string& what);

  // INVALID_ARGUMENT naming the first unknown member, or with the first error.
  absl::Status Finish() const;

  // The dotted name of a member.
  std::string PlaceOf(const std::string& name) const;

 private:
  const YAML::Node* Find(const std::string& name) const;
  void Fail(const YAML::Mark& mark, const std::string& text);

  struct Member {
    std::string name;  // as `snake_case`
    YAML::Node key;
    YAML::Node value;
    bool taken = false;
  };

  const std::string place_;
  std::vector<Member> members_;
  absl::Status first_error_;
};

// Parses `text` as one YAML document. INVALID_ARGUMENT with the line where it is none.
absl::StatusOr<YAML::Node> ParseYaml(const std::string& text);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CONFIG_READER_H_
