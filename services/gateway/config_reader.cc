#include "services/gateway/config_reader.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

std::string SnakeCase(const std::string& name) {
  std::string snake;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) snake.push_back('_');
    snake.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

// Marks count lines from 0.
std::string Line(const YAML::Mark& mark) {
  return mark.is_null() ? std::string() : absl::StrCat("line ", mark.line + 1, ": ");
}

std::string Shown(const YAML::Node& node) {
  if (node.IsScalar()) return absl::StrCat("\"", node.Scalar(), "\"");
  return node.IsSequence() ? "a list" : "a mapping";
}

}  // namespace

ConfigMap::ConfigMap(const YAML::Node& node, std::string place) : place_(std::move(place)) {
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) {
    Fail(node.Mark(),
         absl::StrCat(place_.empty() ? "the file" : place_, ": ", Shown(node), ", want a mapping"));
    return;
  }
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      Fail(entry.first.Mark(), absl::StrCat(place_, ": a key is ", Shown(entry.first)));
      continue;
    }
    const std::string name = SnakeCase(entry.first.Scalar());
    if (Find(name) != nullptr) Fail(entry.first.Mark(), PlaceOf(name) + ": given twice");
    members_.push_back({name, entry.first, entry.second});
  }
}

const YAML::Node* ConfigMap::Find(const std::string& name) const {
  for (const Member& member : members_) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

bool ConfigMap::Has(const std::string& name) const {
  const YAML::Node* node = Find(name);
  return node != nullptr && !node->IsNull();
}

YAML::Node ConfigMap::Take(const std::string& name) {
  YAML::Node taken(YAML::NodeType::Undefined);
  for (Member& member : members_) {
    if (member.name != name) continue;
    member.taken = true;
    if (!member.value.IsNull()) taken.reset(member.value);
  }
  return taken;
}

std::string ConfigMap::PlaceOf(const std::string& name) const {
  return place_.empty() ? name : absl::StrCat(place_, ".", name);
}

void ConfigMap::Fail(const YAML::Mark& mark, const std::string& text) {
  if (first_error_.ok()) first_error_ = absl::InvalidArgumentError(Line(mark) + text);
}

void ConfigMap::Refuse(const std::string& name, const std::string& what) {
  const YAML::Node* node = Find(name);
  Fail(node == nullptr ? YAML::Mark::null_mark() : node->Mark(),
       absl::StrCat(PlaceOf(name), ": ", what));
}

void ConfigMap::Read(const std::string& name, std::string* value) {
  const YAML::Node node = Take(name);
  if (!node.IsDefined()) return;
  if (!node.IsScalar()) return Refuse(name, Shown(node) + ", want a text");
  *value = node.Scalar();
}

void ConfigMap::Read(const std::string& name, bool* value) {
  const YAML::Node node = Take(name);
  if (!node.IsDefined()) return;
  if (!node.IsScalar() || (node.Scalar() != "true" && node.Scalar() != "false")) {
    return Refuse(name, Shown(node) + ", want true or false");
  }
  *value = node.Scalar() == "true";
}

void ConfigMap::Read(const std::string& name, int64_t* value, IntegerRange range) {
  const YAML::Node node = Take(name);
  if (!node.IsDefined()) return;
  int64_t number = 0;
  if (!node.IsScalar() || !absl::SimpleAtoi(node.Scalar(), &number) || number < range.least ||
      number > range.most) {
    return Refuse(name, absl::StrCat(Shown(node), ", want a whole number from ", range.least,
                                     " to ", range.most));
  }
  *value = number;
}

void ConfigMap::Read(const std::string& name, int* value, IntegerRange range) {
  int64_t number = *value;
  Read(name, &number, range);
  *value = static_cast<int>(number);
}

void ConfigMap::Read(const std::string& name, std::vector<std::string>* values) {
  const YAML::Node node = Take(name);
  if (!node.IsDefined()) return;
  if (!node.IsSequence()) return Refuse(name, Shown(node) + ", want a list of texts");
  std::vector<std::string> texts;
  for (const YAML::Node& element : node) {
    if (!element.IsScalar()) return Refuse(name, "an element is no text");
    texts.push_back(element.Scalar());
  }
  *values = std::move(texts);
}

void ConfigMap::Read(const std::string& name, std::chrono::milliseconds* value) {
  const YAML::Node node = Take(name);
  if (!node.IsDefined()) return;
  constexpr double kMostMilliseconds = 1e12;
  double number = 0;
  std::string text = node.IsScalar() ? node.Scalar() : "";
  const bool in_milliseconds = text.ends_with("ms");
  const bool has_unit = text.ends_with("s");
  text.resize(text.size() - (in_milliseconds ? 2 : has_unit ? 1 : 0));
  const bool is_number = has_unit && absl::SimpleAtod(text, &number);
  number = std::round(in_milliseconds ? number : number * 1000);
  if (!is_number || !(number >= 1 && number <= kMostMilliseconds)) {
    return Refuse(name, Shown(node) + ", want a duration such as 10s or 250ms");
  }
  *value = std::chrono::milliseconds(static_cast<int64_t>(number));
}

absl::Status ConfigMap::Finish() const {
  // A misspelt key is the likely cause of what else is missing.
  for (const Member& member : members_) {
    if (member.taken) continue;
    return absl::InvalidArgumentError(absl::StrCat(Line(member.key.Mark()),
                                                   place_.empty() ? "" : place_ + ": ",
                                                   "unknown key \"", member.key.Scalar(), "\""));
  }
  return first_error_;
}

absl::StatusOr<YAML::Node> ParseYaml(const std::string& text) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(Line(error.mark), "no YAML: ", error.msg));
  }
}

}  // namespace clv::gateway
