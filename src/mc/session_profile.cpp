#include "mc/session_profile.hpp"

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "mc/reader.hpp"

namespace drawbridge::mc {

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 8;

const json::string* text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_string() : nullptr;
}

std::string to_std(const json::string& text) {
  return {text.data(), text.size()};
}

Result<Property> read_property(const json::value& value) {
  const json::object* object = value.if_object();
  const json::string* name = object != nullptr ? text_at(*object, "name") : nullptr;
  const json::string* text = object != nullptr ? text_at(*object, "value") : nullptr;
  if (name == nullptr || text == nullptr)
    return fail(Fault::backend, "a property without name and value");
  Property out{.name = to_std(*name), .value = to_std(*text), .signature = std::nullopt};
  if (const json::string* signature = text_at(*object, "signature"); signature != nullptr)
    out.signature = to_std(*signature);
  if (utf16_length(out.name) > max_string || utf16_length(out.value) > max_string ||
      (out.signature && utf16_length(*out.signature) > max_string))
    return fail(Fault::backend, "a property that is too long");
  return out;
}

}  // namespace

Result<SessionProfile> read_session_profile(std::string_view text) {
  json::parse_options options;
  options.max_depth = max_depth;
  boost::system::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  if (error) return fail(Fault::backend, "not JSON: {}", error.message());
  const json::object* object = value.if_object();
  if (object == nullptr) return fail(Fault::backend, "not an object");
  const json::string* id = text_at(*object, "id");
  const json::string* name = text_at(*object, "name");
  const auto uuid = id != nullptr ? Uuid::parse(to_std(*id)) : std::nullopt;
  if (!uuid) return fail(Fault::backend, "no id that is a UUID");
  SessionProfile out{
      .uuid = *uuid, .name = name != nullptr ? to_std(*name) : std::string(), .properties = {}};
  if (out.name.empty() || utf16_length(out.name) > 16)
    return fail(Fault::backend, "no name of 1 to 16 characters");
  const json::value* properties = object->if_contains("properties");
  if (properties == nullptr || properties->is_null()) return out;
  const json::array* list = properties->if_array();
  if (list == nullptr) return fail(Fault::backend, "properties that are no list");
  if (list->size() > max_profile_properties)
    return fail(Fault::backend, "more than {} properties", max_profile_properties);
  for (const json::value& each : *list) {
    auto property = read_property(each);
    if (!property) return std::unexpected(std::move(property.error()));
    out.properties.push_back(std::move(*property));
  }
  return out;
}

}  // namespace drawbridge::mc
