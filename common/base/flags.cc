#include "common/base/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iostream>

#include "common/base/version.h"

namespace clv {
namespace {

constexpr int kBadConfiguration = 2;

std::string EnvironmentName(const std::string& flag) {
  std::string name = "CLV_" + flag;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return name;
}

}  // namespace

Flags::Flags(const std::string& program, const std::string& description)
    : app_(std::make_unique<CLI::App>(description, program)) {
  app_->set_version_flag("--version", Version());
  app_->get_formatter()->column_width(34);
}

Flags::~Flags() = default;

void Flags::Add(const std::string& name, std::string* value, const std::string& help) {
  app_->add_option("--" + name, *value, help)
      ->envname(EnvironmentName(name))
      ->capture_default_str();
}

void Flags::Add(const std::string& name, int64_t* value, const std::string& help) {
  app_->add_option("--" + name, *value, help)
      ->envname(EnvironmentName(name))
      ->capture_default_str();
}

void Flags::Add(const std::string& name, uint64_t* value, const std::string& help) {
  // CLI11 would take a negative number for a very large one.
  app_->add_option("--" + name, *value, help)
      ->check(CLI::NonNegativeNumber)
      ->envname(EnvironmentName(name))
      ->capture_default_str();
}

void Flags::Add(const std::string& name, bool* value, const std::string& help) {
  app_->add_flag("--" + name, *value, help)->envname(EnvironmentName(name));
}

void Flags::Add(const std::string& name, std::vector<std::string>* values,
                const std::string& help) {
  app_->add_option("--" + name, *values, help)
      ->envname(EnvironmentName(name))
      ->delimiter(',')
      ->allow_extra_args(false);
}

void Flags::Required(const std::string& name, std::string* value, const std::string& help) {
  app_->add_option("--" + name, *value, help)->envname(EnvironmentName(name))->required();
}

void Flags::Choice(const std::string& name, std::string* value,
                   const std::vector<std::string>& choices, const std::string& help) {
  app_->add_option("--" + name, *value, help)
      ->envname(EnvironmentName(name))
      ->check(CLI::IsMember(choices))
      ->capture_default_str();
}

std::optional<int> Flags::Parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version arrive as errors with exit code 0.
    return app_->exit(error, std::cout, std::cerr) == 0 ? 0 : kBadConfiguration;
  }
  return std::nullopt;
}

int BadConfiguration(const std::string& program, const std::string& message) {
  std::cerr << program << ": " << message << "\n";
  return kBadConfiguration;
}

}  // namespace clv
