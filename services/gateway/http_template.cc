#include "services/gateway/http_template.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::gateway {
namespace {

bool IsIdentifierStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsIdentifierPart(char c) { return IsIdentifierStart(c) || (c >= '0' && c <= '9'); }

// Recursive descent over one template; each Parse... function consumes what it names.
class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  absl::StatusOr<HttpTemplate> Parse() {
    if (text_ == "/") return HttpTemplate();
    if (!Consume('/')) return Error("a template starts with '/'");
    CLV_RETURN_IF_ERROR(ParseSegments(/*in_variable=*/false));
    if (Consume(':')) {
      CLV_ASSIGN_OR_RETURN(result_.verb, ParseLiteral());
    }
    if (!AtEnd()) return Error("unexpected character");
    return std::move(result_);
  }

 private:
  absl::Status ParseSegments(bool in_variable) {
    do {
      CLV_RETURN_IF_ERROR(ParseSegment(in_variable));
    } while (Consume('/'));
    return absl::OkStatus();
  }

  absl::Status ParseSegment(bool in_variable) {
    if (Consume('*')) return ParseWildcardTail();
    if (Consume('{')) {
      if (in_variable) return Error("variables do not nest");
      return ParseVariable();
    }
    CLV_ASSIGN_OR_RETURN(std::string literal, ParseLiteral());
    result_.segments.push_back({HttpTemplate::SegmentKind::kLiteral, std::move(literal)});
    return absl::OkStatus();
  }

  absl::Status ParseWildcardTail() {
    const bool any_number = Consume('*');
    if (result_.any_number_at.has_value()) return Error("only literals may follow '**'");
    if (any_number) {
      result_.any_number_at = result_.segments.size();
      result_.segments.push_back({HttpTemplate::SegmentKind::kAnyNumber, ""});
    } else {
      result_.segments.push_back({HttpTemplate::SegmentKind::kOne, ""});
    }
    return absl::OkStatus();
  }

  absl::Status ParseVariable() {
    HttpTemplate::Variable variable;
    do {
      CLV_ASSIGN_OR_RETURN(std::string identifier, ParseIdentifier());
      variable.field_path.push_back(std::move(identifier));
    } while (Consume('.'));
    variable.begin = result_.segments.size();
    if (Consume('=')) {
      CLV_RETURN_IF_ERROR(ParseSegments(/*in_variable=*/true));
    } else if (result_.any_number_at.has_value()) {
      return Error("only literals may follow '**'");
    } else {
      result_.segments.push_back({HttpTemplate::SegmentKind::kOne, ""});
    }
    if (!Consume('}')) return Error("'}' expected");
    variable.end = result_.segments.size();
    variable.multi_segment =
        variable.end - variable.begin > 1 ||
        result_.segments[variable.begin].kind == HttpTemplate::SegmentKind::kAnyNumber;
    result_.variables.push_back(std::move(variable));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ParseIdentifier() {
    const size_t begin = position_;
    if (AtEnd() || !IsIdentifierStart(text_[position_])) return Error("field name expected");
    while (!AtEnd() && IsIdentifierPart(text_[position_])) ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }

  absl::StatusOr<std::string> ParseLiteral() {
    const size_t begin = position_;
    while (!AtEnd() && std::string_view("/:{}").find(text_[position_]) == std::string_view::npos) {
      ++position_;
    }
    if (position_ == begin) return Error("segment or verb expected");
    return std::string(text_.substr(begin, position_ - begin));
  }

  bool AtEnd() const { return position_ == text_.size(); }

  bool Consume(char c) {
    if (AtEnd() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  absl::Status Error(const char* what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("path template \"", std::string(text_), "\": ", what, " at byte ", position_));
  }

  const std::string_view text_;
  size_t position_ = 0;
  HttpTemplate result_;
};

}  // namespace

absl::StatusOr<HttpTemplate> ParseHttpTemplate(std::string_view text) {
  return TemplateParser(text).Parse();
}

}  // namespace clv::gateway
