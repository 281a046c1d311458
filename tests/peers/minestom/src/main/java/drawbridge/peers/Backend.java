package drawbridge.peers;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import net.kyori.adventure.text.Component;
import net.minestom.server.Auth;
import net.minestom.server.MinecraftServer;
import net.minestom.server.coordinate.Pos;
import net.minestom.server.entity.Player;
import net.minestom.server.event.GlobalEventHandler;
import net.minestom.server.event.player.AsyncPlayerConfigurationEvent;
import net.minestom.server.event.player.PlayerChatEvent;
import net.minestom.server.event.player.PlayerDisconnectEvent;
import net.minestom.server.event.player.PlayerSpawnEvent;
import net.minestom.server.instance.InstanceContainer;
import net.minestom.server.instance.block.Block;
import net.minestom.server.network.packet.server.common.TransferPacket;

/**
 * A Minestom server for the runner. It speaks JSON lines as node/backend.js does: "ready" with its port first, then
 * answers to requests. The world is the same in every run, so that two runs can be compared.
 *
 * <p>Arguments: who it believes about a player (offline, online, velocity, bungee_cord, bungee_guard), and the secret.
 */
public final class Backend {
  private static final int GROUND = 40;

  private final PrintStream toRunner;
  private final Gson gson = new Gson();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();

  /** What is remembered of a player by name; a second visit begins a new one. */
  private static final class Session {
    final Player player;
    final List<String> heard = new CopyOnWriteArrayList<>();
    final AtomicInteger spawns = new AtomicInteger();
    volatile boolean left;

    Session(Player player) {
      this.player = player;
    }
  }

  private Backend(PrintStream toRunner) {
    this.toRunner = toRunner;
  }

  public static void main(String[] arguments) throws IOException {
    PrintStream toRunner = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Libraries print what they please. That goes to the log, never between our lines.
    System.setOut(System.err);
    Backend backend = new Backend(toRunner);
    backend.start(auth(arguments[0], arguments.length > 1 ? arguments[1] : ""));
    backend.serve();
    System.exit(0); // the runner is gone
  }

  private static Auth auth(String kind, String secret) {
    return switch (kind) {
      case "offline" -> new Auth.Offline();
      case "online" -> new Auth.Online();
      case "velocity" -> new Auth.Velocity(secret);
      case "bungee_cord" -> new Auth.Bungee();
      case "bungee_guard" -> new Auth.Bungee(Set.of(secret));
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private void start(Auth auth) {
    MinecraftServer server = MinecraftServer.init(auth);
    MinecraftServer.setCompressionThreshold(256);
    InstanceContainer world = MinecraftServer.getInstanceManager().createInstanceContainer();
    world.setGenerator(unit -> {
      unit.modifier().fillHeight(0, GROUND - 8, Block.STONE);
      unit.modifier().fillHeight(GROUND - 8, GROUND, Block.DIRT);
      unit.modifier().setBlock(unit.absoluteStart().withY(GROUND), Block.GLOWSTONE);
    });

    GlobalEventHandler events = MinecraftServer.getGlobalEventHandler();
    events.addListener(AsyncPlayerConfigurationEvent.class, event -> {
      Player player = event.getPlayer();
      event.setSpawningInstance(world);
      player.setRespawnPoint(new Pos(0.5, GROUND + 1, 0.5));
      if (event.isFirstConfig()) {
        sessions.put(player.getUsername(), new Session(player));
        System.err.println("login " + System.currentTimeMillis());
      }
    });
    events.addListener(PlayerSpawnEvent.class, event -> {
      Player player = event.getPlayer();
      boolean first = sessions.get(player.getUsername()).spawns.incrementAndGet() == 1;
      player.sendMessage(Component.text((first ? "welcome " : "welcome back ") + player.getUsername()));
    });
    events.addListener(PlayerChatEvent.class,
        event -> sessions.get(event.getPlayer().getUsername()).heard.add(event.getRawMessage()));
    events.addListener(PlayerDisconnectEvent.class, event -> {
      Session session = sessions.get(event.getPlayer().getUsername());
      if (session != null && session.player == event.getPlayer()) session.left = true;
    });

    server.start("127.0.0.1", Integer.getInteger("drawbridge.port", 0));
    JsonObject ready = new JsonObject();
    ready.addProperty("event", "ready");
    ready.addProperty("port", MinecraftServer.getServer().getPort());
    ready.addProperty("protocol", MinecraftServer.PROTOCOL_VERSION);
    ready.addProperty("release", MinecraftServer.VERSION_NAME);
    emit(ready);
    System.err.println("ready " + System.currentTimeMillis());
  }

  private synchronized void emit(JsonObject message) {
    toRunner.println(gson.toJson(message));
  }

  private void serve() throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals("stop")) {
        return; // as the console of every server has it
      }
      JsonObject request = gson.fromJson(line, JsonObject.class);
      JsonObject answer = new JsonObject();
      answer.add("id", request.get("id"));
      try {
        answer.add("result", answerTo(request));
      } catch (RuntimeException error) {
        answer.addProperty("error", String.valueOf(error.getMessage()));
      }
      emit(answer);
    }
  }

  private JsonObject answerTo(JsonObject request) {
    String name = request.get("username").getAsString();
    Session session = sessions.get(name);
    if (session == null) throw new IllegalStateException(name + " never came to this backend");
    switch (request.get("do").getAsString()) {
      case "current" -> {}
      case "reconfigure" -> session.player.startConfigurationPhase();
      case "transfer" -> session.player.sendPacket(
          new TransferPacket(request.get("host").getAsString(), request.get("port").getAsInt()));
      default -> throw new IllegalArgumentException("unknown request " + request.get("do"));
    }
    return record(session);
  }

  private JsonObject record(Session session) {
    Player player = session.player;
    JsonObject record = new JsonObject();
    record.addProperty("username", player.getUsername());
    record.addProperty("uuid", player.getUuid().toString());
    record.addProperty("left", session.left);
    record.addProperty("spawns", session.spawns.get());
    if (player.getPlayerConnection().getRemoteAddress() instanceof InetSocketAddress remote) {
      record.addProperty("remote", remote.getAddress().getHostAddress());
    }
    if (player.getSkin() != null) record.addProperty("skin", player.getSkin().textures());
    JsonArray heard = new JsonArray();
    session.heard.forEach(heard::add);
    record.add("heard", heard);
    return record;
  }
}
