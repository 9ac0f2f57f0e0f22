#include "common/rpc/json_writer.h"

#include <utility>

#include "common/rpc/json_text.h"

namespace clv::rpc {

void JsonWriter::Separate() {
  if (follows_value_) out_ += ',';
  follows_value_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  out_ += '{';
  follows_value_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  out_ += '}';
  follows_value_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  out_ += '[';
  follows_value_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  out_ += ']';
  follows_value_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  AppendJsonText(name, &out_);
  out_ += ':';
  follows_value_ = false;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Separate();
  AppendJsonText(text, &out_);
  return *this;
}

JsonWriter& JsonWriter::Texts(const std::vector<std::string>& texts) {
  BeginArray();
  for (const std::string& text : texts) Text(text);
  return EndArray();
}

JsonWriter& JsonWriter::Number(double value) {
  Separate();
  AppendDouble(value, &out_);
  return *this;
}

JsonWriter& JsonWriter::Flag(bool value) { return Json(value ? "true" : "false"); }

JsonWriter& JsonWriter::Null() { return Json("null"); }

JsonWriter& JsonWriter::Json(std::string_view value) {
  Separate();
  out_ += value;
  return *this;
}

std::string JsonWriter::Take() {
  follows_value_ = false;
  return std::exchange(out_, std::string());
}

}  // namespace clv::rpc
