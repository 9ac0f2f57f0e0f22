// common/rpc/json_writer.h: JSON documents, value by value, with the keys in the order of writing.
#ifndef CLV_COMMON_RPC_JSON_WRITER_H_
#define CLV_COMMON_RPC_JSON_WRITER_H_

#include <string>
#include <string_view>
#include <vector>

namespace clv::rpc {

// Writes one JSON value without white space; commas and quotes come by themselves. The caller sees
// to it that every Begin has its End and that every value of an object follows a Key.
// Thread-compatible.
//
// Example: JsonWriter().BeginObject().Key("rows").Number(2).EndObject().Take() is `{"rows":2}`.
class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();

  JsonWriter& Key(std::string_view name);

  JsonWriter& Text(std::string_view text);
  JsonWriter& Texts(const std::vector<std::string>& texts);  // a list
  JsonWriter& Number(double value);                          // finite
  JsonWriter& Flag(bool value);
  JsonWriter& Null();

  // A value that is JSON already.
  JsonWriter& Json(std::string_view value);

  // Key and Text in one.
  JsonWriter& Member(std::string_view name, std::string_view text) { return Key(name).Text(text); }

  // Hands over what was written.
  std::string Take();

 private:
  // Writes the comma that a value or key wants in front of it.
  void Separate();

  std::string out_;
  bool follows_value_ = false;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_JSON_WRITER_H_
