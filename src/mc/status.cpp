#include "mc/status.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "mc/frame.hpp"
#include "mc/json_object.hpp"

namespace drawbridge::mc {
namespace {

namespace json = boost::json;

// The game keeps counts as 32-bit integers.
std::int64_t as_count(std::int64_t value) {
  using Limits = std::numeric_limits<std::int32_t>;
  return std::clamp<std::int64_t>(value, Limits::min(), Limits::max());
}

Result<json::object> parse(std::string_view text) {
  if (text.size() > max_status_json) {
    return fail(Fault::backend, "status of {} bytes", text.size());
  }
  json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return fail(Fault::backend, "status is not JSON: {}", error.message());
  if (!value.is_object()) return fail(Fault::backend, "status is not a JSON object");
  return std::move(value.get_object());
}

std::optional<std::int64_t> integer_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return as_count(*number);
  if (value->is_uint64()) return std::numeric_limits<std::int32_t>::max();
  if (const auto* number = value->if_double()) {
    // Some servers write 20.0. Not-a-number fails the comparison.
    constexpr double most = 1e9;
    if (*number >= -most && *number <= most) return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

std::string string_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

// The object at `key`, empty where there is none.
JsonObject object_at(const JsonObject& object, std::string_view key) {
  const std::string* text = object.find(key);
  return text == nullptr ? JsonObject() : JsonObject(*text);
}

std::string count_text(std::int64_t value) {
  return std::to_string(as_count(value));
}

// A client stops reading at max_string characters: better no picture than no answer.
std::string fitted(JsonObject& status) {
  std::string out = status.text();
  if (utf16_length(out) > max_string && status.find("favicon") != nullptr) {
    status.erase("favicon");
    out = status.text();
  }
  return out;
}

void lay_over_version(JsonObject& status, const StatusOverlay& overlay) {
  if (!overlay.version_name && !overlay.protocol) return;
  JsonObject version = object_at(status, "version");
  if (overlay.version_name) version.set_text("name", *overlay.version_name);
  if (overlay.protocol) version.set("protocol", std::to_string(*overlay.protocol));
  status.set("version", version.text());
}

void lay_over_players(JsonObject& status, const StatusOverlay& overlay) {
  if (!overlay.online && !overlay.max && !overlay.no_players) return;
  JsonObject players = object_at(status, "players");
  if (overlay.max) players.set("max", count_text(*overlay.max));
  if (overlay.online) players.set("online", count_text(*overlay.online));
  if (overlay.no_players) {
    players.set("online", "0");
    players.erase("sample");
  }
  // The game throws the whole object away when one of the two is missing.
  if (players.find("max") == nullptr) players.set("max", "0");
  if (players.find("online") == nullptr) players.set("online", "0");
  status.set("players", players.text());
}

ByteBuffer frame_of(std::int32_t id, ByteView fields) {
  ByteBuffer body;
  Writer writer(body);
  writer.varint(id);
  writer.raw(fields);
  ByteBuffer out;
  append_frame(out, body);
  return out;
}

ByteBuffer frame_of(std::int32_t id, std::int64_t payload) {
  ByteBuffer fields;
  Writer(fields).i64(payload);
  return frame_of(id, fields);
}

constexpr std::int32_t status_id = 0x00;  // request and response
constexpr std::int32_t ping_id = 0x01;    // ping and pong

}  // namespace

std::string status_json(const Status& status, Version version) {
  StatusOverlay overlay;
  overlay.version_name = status.version_name;
  overlay.protocol = status.protocol;
  overlay.max = status.max;
  overlay.online = status.online;
  overlay.description = status.description;
  if (!status.favicon.empty()) overlay.favicon = status.favicon;
  // A bare object cannot fail to be one.
  return overlay_status("{}", overlay, version).value();
}

Result<StatusFacts> read_status(std::string_view text) {
  const auto status = parse(text);
  if (!status) return std::unexpected(status.error());
  StatusFacts facts;
  if (const auto* value = status->if_contains("version"); value != nullptr && value->is_object()) {
    const json::object& version = value->get_object();
    facts.version_name = string_at(version, "name");
    facts.protocol = static_cast<std::int32_t>(integer_at(version, "protocol").value_or(-1));
  }
  if (const auto* value = status->if_contains("players"); value != nullptr && value->is_object()) {
    const json::object& players = value->get_object();
    facts.online = integer_at(players, "online").value_or(0);
    facts.max = integer_at(players, "max").value_or(0);
  }
  if (status->contains("description")) {
    facts.description = Text{Text::Form::json, *JsonObject(text).find("description")};
  }
  facts.favicon = string_at(*status, "favicon");
  return facts;
}

Result<std::string> overlay_status(std::string_view text, const StatusOverlay& overlay,
                                   Version version) {
  const auto parsed = parse(text);
  if (!parsed) return std::unexpected(parsed.error());
  JsonObject status(text);
  lay_over_version(status, overlay);
  lay_over_players(status, overlay);
  if (overlay.description) status.set("description", to_json(*overlay.description, version));
  if (overlay.favicon && overlay.favicon->empty()) {
    status.erase("favicon");
  } else if (overlay.favicon) {
    status.set_text("favicon", *overlay.favicon);
  }
  return fitted(status);
}

ByteBuffer status_request_frame() {
  return frame_of(status_id, ByteView{});
}

ByteBuffer status_response_frame(std::string_view text) {
  ByteBuffer fields;
  Writer writer(fields);
  writer.varint(static_cast<std::int32_t>(text.size()));
  writer.raw(as_bytes(text));
  return frame_of(status_id, fields);
}

ByteBuffer ping_frame(std::int64_t payload) {
  return frame_of(ping_id, payload);
}

ByteBuffer pong_frame(std::int64_t payload) {
  return frame_of(ping_id, payload);
}

Result<std::optional<StatusPacket>> next_status_packet(ByteView buffered) {
  const auto frame = next_frame(buffered, max_status_body);
  if (!frame) return std::unexpected(frame.error());
  if (!*frame) return std::nullopt;
  const auto packet = split_packet((*frame)->body, Fault::client);
  if (!packet) return std::unexpected(packet.error());
  StatusPacket out{.size = (*frame)->size};
  if (packet->id == status_id && packet->fields.empty()) return out;
  Reader reader(packet->fields);
  reader.i64(out.payload);
  out.is_ping = true;
  if (packet->id == ping_id && reader.ok() && reader.left() == 0) return out;
  return fail(Fault::client, "neither a status request nor a ping");
}

Result<std::string_view> read_status_response(ByteView body) {
  const auto packet = split_packet(body, Fault::backend);
  if (!packet) return std::unexpected(packet.error());
  if (packet->id != status_id)
    return fail(Fault::backend, "packet {} instead of a status; this may be no Minecraft server",
                packet->id);
  Reader reader(packet->fields);
  std::string_view text;
  reader.string(text, max_status_json);
  if (!reader.ok()) return fail(Fault::backend, "status response: {}", reader.why());
  return text;
}

Result<std::int64_t> read_pong(ByteView body) {
  const auto packet = split_packet(body, Fault::backend);
  if (!packet) return std::unexpected(packet.error());
  Reader reader(packet->fields);
  std::int64_t payload = 0;
  reader.i64(payload);
  if (packet->id != ping_id || !reader.ok()) return fail(Fault::backend, "no pong");
  return payload;
}

}  // namespace drawbridge::mc
