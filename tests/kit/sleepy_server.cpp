#include "kit/sleepy_server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "base/strings.hpp"
#include "kit/wire.hpp"

namespace drawbridge::kit {

namespace {

// Reads one hello, answers, and lets whoever is called Stay... stay, after a piece of world.
constexpr std::string_view program = R"(
import argparse, json, os, signal, socket, sys, threading, time

habits = argparse.ArgumentParser()
habits.add_argument("--port", type=int)
habits.add_argument("--delay", type=float, default=0)
habits.add_argument("--pings", default="answer")
habits.add_argument("--deaf", action="store_true")
habits.add_argument("--stubborn", action="store_true")
habits.add_argument("--die", type=int)
habits.add_argument("--flood", action="store_true")
habits.add_argument("--print", default="")
habits.add_argument("--players", type=int, default=0)
habits = habits.parse_args()

def note(name):
    with open(name, "a") as out:
        out.write(str(os.getpid()) + "\n")

note("starts")
if habits.die is not None:
    sys.exit(habits.die)
signal.signal(signal.SIGTERM, signal.SIG_IGN if habits.stubborn else lambda *_: leave())

def leave():
    note("ends")
    os._exit(0)

def console():
    for line in sys.stdin:
        if line.strip() == "stop" and not habits.deaf:
            leave()

def flood():
    while True:
        os.write(1, b"\xff\xfe nothing that anybody reads \x80\n" * 500)

def varint(value):
    out = b""
    while True:
        byte = value & 0x7F
        value >>= 7
        out += bytes([byte | (0x80 if value else 0)])
        if not value:
            return out

class Reader:
    def __init__(self, client):
        self.client, self.data = client, b""
    def take(self, count):
        while len(self.data) < count:
            more = self.client.recv(4096)
            if not more:
                raise ConnectionError
            self.data += more
        out, self.data = self.data[:count], self.data[count:]
        return out
    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value
    def frame(self):
        return self.take(self.varint())

def string(text):
    data = text.encode()
    return varint(len(data)) + data

def packet(kind, body):
    data = bytes([kind]) + body
    return varint(len(data)) + data

def serve(client):
    try:
        reader = Reader(client)
        wants_status = reader.frame()[-1] == 1
        if wants_status and habits.pings == "close":
            return client.close()
        if wants_status:
            reader.frame()
            status = {"version": {"name": "sleepy", "protocol": 769}, "description": "awake",
                      "players": {"max": 5, "online": habits.players},
                      "favicon": "data:image/png;base64,AAAA"}
            client.sendall(packet(0, string(json.dumps(status))))
            ping = reader.frame()
            client.sendall(packet(ping[0], ping[1:]))
            return client.close()
        start = reader.frame()
        name = start[2:2 + start[1]].decode()
        if reader.data:
            return client.sendall(packet(0, string(json.dumps({"text": "too much was said"}))))
        if name.startswith("Stay"):
            client.sendall(b"x" * 70000)
            client.recv(1)
            return client.close()
        if name.startswith("Bot"):
            client.recv(1)
            return client.close()
        client.sendall(packet(0, string(json.dumps({"text": "welcome " + name}))))
        client.shutdown(socket.SHUT_WR)
        client.recv(1)
        client.close()
    except (OSError, IndexError):
        client.close()

threading.Thread(target=console, daemon=True).start()
if habits.flood:
    threading.Thread(target=flood, daemon=True).start()
time.sleep(habits.delay)
door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.bind(("127.0.0.1", habits.port))
door.listen(128)
if habits.print:
    print(habits.print, flush=True)
while True:
    threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
)";

}  // namespace

SleepyServer::SleepyServer(std::vector<std::string> habits) : habits_(std::move(habits)) {
  folder_.write("server.py", program);
  const Harbour free_port;
  port_ = free_port.endpoint().port;
}

SleepyServer::~SleepyServer() {
  [[maybe_unused]] const std::size_t left = kill_all();
}

std::size_t SleepyServer::kill_all() const {
  const auto all = pids();
  for (const int pid : all) kill(pid, SIGKILL);
  return all.size();
}

std::string SleepyServer::address() const {
  return fmt::format("127.0.0.1:{}", port_);
}

std::string SleepyServer::file(std::string_view more, std::string_view server) const {
  std::string args = fmt::format("\"server.py\", \"--port\", \"{}\"", port_);
  for (const std::string& habit : habits_) args += fmt::format(", \"{}\"", habit);
  return server_file("play.example", address(),
                     fmt::format("{}\n[server_manager]\ntype = \"local\"\ncommand = \"python3\"\n"
                                 "working_dir = \"{}\"\nargs = [{}]\npoll_interval = \"100ms\"\n{}",
                                 server, folder_.path().native(), args, more));
}

std::size_t SleepyServer::lines_of(std::string_view file) const {
  std::ifstream in(folder_.path() / file);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

std::vector<int> SleepyServer::pids() const {
  std::ifstream in(folder_.path() / "starts");
  std::vector<int> out;
  for (int pid = 0; in >> pid;) {
    // Only while it is this very program, and no zombie.
    std::ifstream words(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(words), {});
    if (text.find(fmt::format("{}", port_)) != std::string::npos) out.push_back(pid);
  }
  return out;
}

bool SleepyServer::runs() const {
  return !pids().empty();
}

}  // namespace drawbridge::kit
