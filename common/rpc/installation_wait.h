// common/rpc/installation_wait.h: waiting for what clv-ingest creates in the data directory.
#ifndef CLV_COMMON_RPC_INSTALLATION_WAIT_H_
#define CLV_COMMON_RPC_INSTALLATION_WAIT_H_

#include "common/base/data_directory.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/signal_waiter.h"
#include "common/storage/storage.h"

namespace clv::rpc {

// Waits until the directory has an admin token and readable tokens, then opens `authenticator` with
// them. Returns false when a signal asked the process to end first. Says in the log what it waits
// for.
bool WaitForInstallation(const DataDirectory& directory, storage::TokenReader& tokens,
                         SignalWaiter& signals, Authenticator* authenticator);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_INSTALLATION_WAIT_H_
