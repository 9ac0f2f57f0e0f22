#include "common/rpc/installation_wait.h"

#include <chrono>
#include <optional>
#include <string>

#include "common/base/log.h"

namespace clv::rpc {

bool WaitForInstallation(const DataDirectory& directory, storage::TokenReader& tokens,
                         SignalWaiter& signals, Authenticator* authenticator) {
  constexpr std::chrono::milliseconds kStep(50);
  for (bool told = false;; told = true) {
    const std::optional<std::string> admin_token = FindAdminToken(directory);
    if (admin_token && tokens.TokensVersion().ok()) {
      authenticator->Open([directory] { return FindAdminToken(directory); }, &tokens);
      return true;
    }
    if (!told) spdlog::info("waiting for clv-ingest to set up {}", directory.path);
    if (signals.WaitFor(kStep)) return false;
  }
}

}  // namespace clv::rpc
