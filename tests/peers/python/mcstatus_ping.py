"""One ping with the real mcstatus library. Runs in the venv of build/peers; arguments and answer are JSON."""

import json
import socket
import sys

from mcstatus import JavaServer, LegacyServer

# Host names of the tests exist nowhere but in handshakes: the resolver sends them to the loopback address.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve(
    "127.0.0.1" if str(host).endswith(".test") else host, *rest, **more)

asked = json.loads(sys.argv[1])
try:
    if asked["kind"] == "legacy":
        answer = LegacyServer(asked["host"], asked["port"], timeout=5).status(tries=1)
        found = {"motd": answer.motd.to_plain(), "protocol": answer.version.protocol, "version": answer.version.name,
                 "online": answer.players.online, "max": answer.players.max}
    else:
        server = JavaServer(asked["host"], asked["port"], timeout=5)
        answer = server.status(tries=1, version=asked["protocol"])
        found = {"raw": answer.raw, "motd": answer.motd.to_plain(), "protocol": answer.version.protocol,
                 "online": answer.players.online, "max": answer.players.max, "icon": answer.icon}
    print(json.dumps({"found": found}))
except (OSError, ValueError) as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
