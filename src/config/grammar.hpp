// The small languages inside string values: durations, sizes, addresses, networks, host names, ids.
// Pure functions; an error is one sentence that says what to write instead, without the key's name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/types.hpp"

namespace drawbridge::config {

// "200ms", "2m30s", "1h 30min"; units from ns to years (a year is 365.25 days, as the humantime
// notation has it, which Infrarust's files use). A bare number is refused.
Result<Duration> parse_duration(std::string_view text);
// The shortest text that reads back as the same duration, "0s" for none.
std::string duration_text(Duration duration);

// "512", "512B", "64KiB", "1GB": steps of 1024 with the i, of 1000 without.
Result<Size> parse_size(std::string_view text);
// With the largest unit of 1024 that divides it.
std::string size_text(Size size);

// "host:port", "[v6]:port", without a port 25565 (of a name: unless SRV says another), or
// "unix:/path". Names are folded like domains (but may hold "_"). Port 0 passes here; where an
// address is dialled or listened on, its key says so (`dialled`, `listening`).
Result<Address> parse_address(std::string_view text);

// A network; `note` is set when bits beyond the prefix were dropped.
Result<Cidr> parse_cidr(std::string_view text, std::string& note);

// A host name or pattern (* and ?) as it is compared: lower case, no final dot, non-ASCII labels as
// xn--.
Result<std::string> fold_domain(std::string_view text);

// Regular expression in linear-time syntax, at most 1 kB.
Result<> check_regex(std::string_view pattern);
// Whether every $1 and ${name} of `text` exists in `pattern`, and what is left could be an address.
Result<> check_address_template(std::string_view text, std::string_view pattern);

// Whether `text` begins like one of the schemes, comma separated ("http, https"), and goes on with
// a host (or a path, for unix).
Result<> check_url(std::string_view text, std::string_view schemes);
// The same URL without the password in it.
std::string redact_url(std::string_view text);

// Placeholders ({name}) that nobody fills in are an error. `with_ban` allows {reason} and
// {remaining}.
Result<> check_placeholders(std::string_view text, bool with_ban);

}  // namespace drawbridge::config
