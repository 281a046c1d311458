#include "kit/sleepy_server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "base/strings.hpp"

namespace drawbridge::kit {

namespace {

// Reads one hello, answers, and lets whoever is called Stay... stay, after a piece of world.
constexpr std::string_view program = R"(
import argparse, asyncio, json, os, signal, sys, threading, time

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
habits.add_argument("--proxy-header", default="")
habits.add_argument("--think", type=float, default=0)
habits = habits.parse_args()

def note(name, text=None):
    with open(name, "a") as out:
        out.write((text or str(os.getpid())) + "\n")

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

def string(text):
    data = text.encode()
    return varint(len(data)) + data

def packet(kind, body):
    data = bytes([kind]) + body
    return varint(len(data)) + data

async def read_varint(reader):
    value, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value

async def read_frame(reader):
    return await reader.readexactly(await read_varint(reader))

async def serve_status(reader, writer):
    await read_frame(reader)
    status = {"version": {"name": "sleepy", "protocol": 769}, "description": "awake",
              "players": {"max": 5, "online": habits.players},
              "favicon": "data:image/png;base64,AAAA"}
    writer.write(packet(0, string(json.dumps(status))))
    ping = await read_frame(reader)
    writer.write(packet(ping[0], ping[1:]))

async def anything_more(reader):
    try:
        return await asyncio.wait_for(reader.read(1), 0.05)
    except asyncio.TimeoutError:
        return b""

async def serve_login(reader, writer, intent):
    start = await read_frame(reader)
    name = start[2:2 + start[1]].decode()
    await asyncio.sleep(habits.think)
    if intent == 3:
        writer.write(packet(0, string(json.dumps({"text": "transfers are off"}))))
    elif name.startswith("Stay"):
        writer.write(b"x" * 70000)
        await reader.read(1)
    elif name.startswith("Bot"):
        await reader.read(1)
    else:
        more = await anything_more(reader)
        answer = "too much was said" if more else "welcome " + name
        writer.write(packet(0, string(json.dumps({"text": answer}))))
        writer.write_eof()
        await reader.read(1)

# Notes what the header says, so that a test can read it; one that is missing ends the connection.
async def read_proxy_header(reader):
    if habits.proxy_header == "v1":
        line = (await reader.readuntil(b"\r\n")).decode().split()
        if line[0] != "PROXY":
            raise OSError
        return note("headers", line[1])
    head = await reader.readexactly(16)
    if not head.startswith(b"\r\n\r\n\0\r\nQUIT\n"):
        raise OSError
    await reader.readexactly(head[14] * 256 + head[15])
    note("headers", "LOCAL" if head[12] == 0x20 else "PROXY")

async def serve(reader, writer):
    try:
        if habits.proxy_header:
            await read_proxy_header(reader)
        intent = (await read_frame(reader))[-1]
        wants_status = intent == 1
        if not wants_status:
            await serve_login(reader, writer, intent)
        elif habits.pings != "close":
            await serve_status(reader, writer)
        await writer.drain()
    except (OSError, IndexError, asyncio.IncompleteReadError):
        pass
    writer.close()

threading.Thread(target=console, daemon=True).start()
if habits.flood:
    threading.Thread(target=flood, daemon=True).start()
time.sleep(habits.delay)

# No thread for each player: a machine that has few of them left would take that for a crash.
async def listen():
    server = await asyncio.start_server(serve, "127.0.0.1", habits.port, backlog=128,
                                        reuse_port=True)
    if habits.print:
        print(habits.print, flush=True)
    await server.serve_forever()

asyncio.run(listen())
)";

}  // namespace

SleepyServer::SleepyServer(std::vector<std::string> habits) : habits_(std::move(habits)) {
  folder_.write("server.py", program);
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
  return port_.address();
}

std::string SleepyServer::file(std::string_view more, std::string_view server) const {
  std::string args = fmt::format("\"server.py\", \"--port\", \"{}\"", port_.port());
  for (const std::string& habit : habits_) args += fmt::format(", \"{}\"", habit);
  return server_file("play.example", address(),
                     fmt::format("{}\n[server_manager]\ntype = \"local\"\ncommand = \"python3\"\n"
                                 "working_dir = \"{}\"\nargs = [{}]\npoll_interval = \"100ms\"\n{}",
                                 server, folder_.path().native(), args, more));
}

Program::Settings SleepyServer::by_hand() const {
  Program::Settings out{
      .arguments = {"python3", "server.py", "--port", std::to_string(port_.port())}};
  out.arguments.insert(out.arguments.end(), habits_.begin(), habits_.end());
  out.folder = folder_.path();
  return out;
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
    if (text.find(std::to_string(port_.port())) != std::string::npos) out.push_back(pid);
  }
  return out;
}

bool SleepyServer::runs() const {
  return !pids().empty();
}

}  // namespace drawbridge::kit
