// Rules that more than one key has, as options of a row.
#pragma once

#include "config/keys.hpp"

namespace drawbridge::config {

StringRule an_id();                          // [a-z0-9_-]{1,64}
StringRule a_url(std::string_view schemes);  // "http, https"
StringRule not_empty();
StringRule a_domain();  // folded in place
StringRule a_regex();
StringRule one_word_of(std::vector<std::string_view> words);
StringRule a_player();   // a name or a UUID
StringRule a_country();  // two letters, made capital in place
StringRule octal_rights();
StringRule at_least_characters(std::size_t minimum);
ValueRule<Address> listening();  // an IP address or a Unix socket
ValueRule<Address> dialled();    // a port other than 0

}  // namespace drawbridge::config
