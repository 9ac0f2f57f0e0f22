// common/base/flags.h: the command line of a program, each flag also as an environment variable.
#ifndef CLV_COMMON_BASE_FLAGS_H_
#define CLV_COMMON_BASE_FLAGS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace clv {

// Declares flags, then reads them. `--data-dir` may also come from `CLV_DATA_DIR`; the command line
// wins. Values keep their defaults where nothing is given.
//
// Example:
//   std::string data_dir;
//   Flags flags("clv-ingest", "Takes customers and purchases ...");
//   flags.Required("data-dir", &data_dir, "Directory of the databases");
//   if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
class Flags {
 public:
  Flags(const std::string& program, const std::string& description);
  ~Flags();

  // Declares `--name`. The pointers must outlive Parse.
  void Add(const std::string& name, std::string* value, const std::string& help);
  void Add(const std::string& name, int64_t* value, const std::string& help);
  void Add(const std::string& name, uint64_t* value, const std::string& help);
  void Add(const std::string& name, bool* value, const std::string& help);
  // The same for several values: the flag may be repeated, and a value be a list with commas.
  void Add(const std::string& name, std::vector<std::string>* values, const std::string& help);
  // The same, and it must be given.
  void Required(const std::string& name, std::string* value, const std::string& help);
  // The same with a closed set of values.
  void Choice(const std::string& name, std::string* value, const std::vector<std::string>& choices,
              const std::string& help);

  // Reads the command line and the environment. Returns the exit code to end with: 0 after --help
  // or --version, 2 after a bad value (told on standard error with the flag's name); nothing: go
  // on.
  std::optional<int> Parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

// Prints `program: message` on standard error and returns 2, the exit code for bad configuration.
int BadConfiguration(const std::string& program, const std::string& message);

}  // namespace clv

#endif  // CLV_COMMON_BASE_FLAGS_H_
