// A status ping of ours, to find out whether a server that sleeps is ready for players.
#pragma once

#include <functional>

#include "core/desk.hpp"
#include "core/server.hpp"
#include "core/wake/knock.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Asks the server's addresses, one after the other, until one answers; with the PROXY header where
// it wants one. `report` is called once, on the worker. Spawn it on the desk's worker.
net::Task<> ping_server(Desk& desk, ServerPtr server, std::function<void(PingOutcome)> report);

}  // namespace drawbridge::core
