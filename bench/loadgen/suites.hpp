// The suites of the load generator, one source file each. Every one of them prints one JSON object
// a line and ends the program when something went wrong.
#pragma once

#include "args.hpp"

namespace drawbridge::bench {

void run_game(Args& args);   // packets of many players in both directions, with their one-way delay
void run_bulk(Args& args);   // one connection, as fast as it goes
void run_flood(Args& args);  // one connection full of small packets, or of compressed ones
void run_idle(Args& args);   // memory and descriptors of players who do nothing
void run_accept(Args& args);   // connections that are set up and torn down
void run_refused(Args& args);  // connections that are turned away
void run_stalled(Args& args);  // clients that stop reading
void run_status(Args& args);   // status pings
void run_bare_status(
    Args& args);  // the least program that answers status pings: the yardstick for run_status
void run_serial(Args& args);  // one packet at a time, for instruction counts
void run_limbo(Args& args);   // clients that walk into the proxy's own world
void run_move(Args& args);    // players between two servers
void run_spin(Args& args);    // keeps a processor awake

}  // namespace drawbridge::bench
