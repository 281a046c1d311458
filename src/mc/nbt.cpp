#include "mc/nbt.hpp"

#include <algorithm>
#include <limits>
#include <ranges>

#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

using Tag = Nbt::Tag;

// Bytes of one value, for the tags whose values are all of one size; 0 for the others.
constexpr std::size_t fixed_size(Tag tag) {
  switch (tag) {
    case Tag::i8:
      return 1;
    case Tag::i16:
      return 2;
    case Tag::i32:
    case Tag::f32:
      return 4;
    case Tag::i64:
    case Tag::f64:
      return 8;
    default:
      return 0;
  }
}

constexpr std::size_t item_size(Tag array) {
  return array == Tag::i8_array ? 1 : array == Tag::i32_array ? 4 : 8;
}

Tag read_tag(Reader& in) {
  std::uint8_t tag = 0;
  in.u8(tag);
  if (tag > static_cast<std::uint8_t>(Tag::i64_array)) {
    in.fail("an unknown NBT tag");
    return Tag::end;
  }
  return static_cast<Tag>(tag);
}

// A list's or array's count, of items that take at least `size` bytes each.
std::size_t read_count(Reader& in, std::size_t size) {
  std::int32_t count = 0;
  in.i32(count);
  if (!in.ok()) return 0;
  if (count < 0 || static_cast<std::size_t>(count) > in.left() / size) {
    in.fail("an NBT length is beyond what is there");
    return 0;
  }
  return static_cast<std::size_t>(count);
}

ByteView read_text(Reader& in) {
  std::uint16_t size = 0;
  in.u16(size);
  return in.raw(size);
}

// The least bytes that a value of this tag takes.
constexpr std::size_t least_size(Tag tag) {
  switch (tag) {
    case Tag::string:
      return 2;
    case Tag::list:
      return 5;
    case Tag::compound:
      return 1;
    case Tag::i8_array:
    case Tag::i32_array:
    case Tag::i64_array:
      return 4;
    default:
      return std::max<std::size_t>(fixed_size(tag), 1);
  }
}

// The head of a list: the items' tag and their count. A list of `end`s has none: they would take no
// bytes, so that a count of two thousand millions could be claimed.
std::size_t read_list_head(Reader& in, Tag& of) {
  of = read_tag(in);
  const std::size_t count = read_count(in, least_size(of));
  if (of == Tag::end && count != 0) in.fail("an NBT list without a tag");
  return in.ok() ? count : 0;
}

constexpr bool is_too_deep(Tag tag, int depth) {
  return depth >= max_nbt_depth && (tag == Tag::list || tag == Tag::compound);
}

void skip_value(Reader& in, Tag tag, int depth) {
  if (is_too_deep(tag, depth)) return in.fail("NBT is too deep");
  switch (tag) {
    case Tag::i8_array:
    case Tag::i32_array:
    case Tag::i64_array: {
      const std::size_t count = read_count(in, item_size(tag));
      in.raw(count * item_size(tag));
      return;
    }
    case Tag::string:
      read_text(in);
      return;
    case Tag::list: {
      Tag of = Tag::end;
      const std::size_t count = read_list_head(in, of);
      if (const std::size_t size = fixed_size(of); size != 0) {
        in.raw(count * size);
        return;
      }
      for (std::size_t i = 0; i < count && in.ok(); ++i) skip_value(in, of, depth + 1);
      return;
    }
    case Tag::compound:
      while (in.ok()) {
        const Tag member = read_tag(in);
        if (member == Tag::end) return;
        read_text(in);
        skip_value(in, member, depth + 1);
      }
      return;
    default:
      in.raw(fixed_size(tag));
  }
}

class TreeReader {
 public:
  explicit TreeReader(Reader& in) : in_(in) {}

  Nbt value(Tag tag, int depth) {
    if (is_too_deep(tag, depth)) in_.fail("NBT is too deep");
    if (++values_ > max_nbt_values) in_.fail("NBT has too many values");
    if (!in_.ok()) return {};
    switch (tag) {
      case Tag::i8:
        return number<std::int8_t>([this](auto& out) { in_.i8(out); });
      case Tag::i16:
        return number<std::int16_t>([this](auto& out) { in_.i16(out); });
      case Tag::i32:
        return number<std::int32_t>([this](auto& out) { in_.i32(out); });
      case Tag::i64:
        return number<std::int64_t>([this](auto& out) { in_.i64(out); });
      case Tag::f32:
        return number<float>([this](auto& out) { in_.f32(out); });
      case Tag::f64:
        return number<double>([this](auto& out) { in_.f64(out); });
      case Tag::i8_array:
        return array<std::int8_t>([this](auto& out) { in_.i8(out); });
      case Tag::i32_array:
        return array<std::int32_t>([this](auto& out) { in_.i32(out); });
      case Tag::i64_array:
        return array<std::int64_t>([this](auto& out) { in_.i64(out); });
      case Tag::string:
        return {std::string(as_text(read_text(in_)))};
      case Tag::list:
        return list(depth);
      case Tag::compound:
        return compound(depth);
      case Tag::end:
        break;
    }
    return {};
  }

 private:
  template <typename T, typename Read>
  Nbt number(Read read) {
    T out{};
    read(out);
    return {out};
  }

  template <typename T, typename Read>
  Nbt array(Read read) {
    std::vector<T> out(read_count(in_, sizeof(T)));
    for (T& item : out) read(item);
    return {std::move(out)};
  }

  Nbt list(int depth) {
    Nbt::List out;
    const std::size_t count = read_list_head(in_, out.of);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      out.items.push_back(value(out.of, depth + 1));
    }
    return {std::move(out)};
  }

  Nbt compound(int depth) {
    Nbt::Compound out;
    while (in_.ok()) {
      const Tag tag = read_tag(in_);
      if (tag == Tag::end) break;
      std::string name(as_text(read_text(in_)));
      out.members.push_back({std::move(name), value(tag, depth + 1)});
    }
    return {std::move(out)};
  }

  Reader& in_;
  std::size_t values_ = 0;
};

// The root's tag, and its name where there is one.
Tag read_root(Reader& in) {
  const Tag tag = read_tag(in);
  if (in.version < v1_20_2 && tag != Tag::end) read_text(in);
  return tag;
}

void write_text(Writer& out, std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint16_t>::max()) {
    return out.fail("an NBT text is beyond its limit");
  }
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.raw(as_bytes(text));
}

void write_tag(Writer& out, Tag tag) {
  out.u8(static_cast<std::uint8_t>(tag));
}

class TreeWriter {
 public:
  explicit TreeWriter(Writer& out) : out_(out) {}

  void value(const Nbt& nbt, int depth) {
    if (is_too_deep(nbt.tag(), depth)) return out_.fail("NBT is too deep");
    depth_ = depth;
    std::visit(*this, nbt.value);
  }

  void operator()(std::monostate) {}
  void operator()(std::int8_t value) { out_.i8(value); }
  void operator()(std::int16_t value) { out_.i16(value); }
  void operator()(std::int32_t value) { out_.i32(value); }
  void operator()(std::int64_t value) { out_.i64(value); }
  void operator()(float value) { out_.f32(value); }
  void operator()(double value) { out_.f64(value); }
  void operator()(const std::string& text) { write_text(out_, text); }
  void operator()(const std::vector<std::int8_t>& items) {
    count(items.size());
    for (const auto item : items) out_.i8(item);
  }
  void operator()(const std::vector<std::int32_t>& items) {
    count(items.size());
    for (const auto item : items) out_.i32(item);
  }
  void operator()(const std::vector<std::int64_t>& items) {
    count(items.size());
    for (const auto item : items) out_.i64(item);
  }
  void operator()(const Nbt::List& list) {
    const int depth = depth_;
    write_tag(out_, list.of);
    count(list.items.size());
    for (const Nbt& item : list.items) {
      if (item.tag() != list.of || list.of == Tag::end) {
        return out_.fail("an NBT list holds another tag than its own");
      }
      value(item, depth + 1);
      if (!out_.ok()) return;
    }
  }
  void operator()(const Nbt::Compound& compound) {
    const int depth = depth_;
    for (const Nbt::Member& member : compound.members) {
      if (member.value.tag() == Tag::end) return out_.fail("an NBT member without a value");
      write_tag(out_, member.value.tag());
      write_text(out_, member.name);
      value(member.value, depth + 1);
      if (!out_.ok()) return;
    }
    write_tag(out_, Tag::end);
  }

 private:
  void count(std::size_t size) { out_.i32(static_cast<std::int32_t>(size)); }

  Writer& out_;
  int depth_ = 0;
};

}  // namespace

bool Nbt::List::operator==(const List& other) const {
  return of == other.of && items == other.items;
}

const Nbt* Nbt::Compound::find(std::string_view name) const {
  for (const Member& member : members | std::views::reverse) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

void Nbt::Compound::set(std::string_view name, Nbt to) {
  for (Member& member : members | std::views::reverse) {
    if (member.name != name) continue;
    member.value = std::move(to);
    return;
  }
  members.push_back({std::string(name), std::move(to)});
}

bool Nbt::Compound::operator==(const Compound& other) const {
  return members == other.members;
}

bool Nbt::operator==(const Nbt& other) const {
  return value == other.value;
}

void skip_nbt(Reader& reader, std::size_t max_bytes) {
  const std::size_t before = reader.left();
  skip_value(reader, read_root(reader), 0);
  if (before - reader.left() > max_bytes) reader.fail("NBT is beyond its limit");
}

Nbt read_nbt(Reader& reader, std::size_t max_bytes) {
  const std::size_t before = reader.left();
  Nbt out = TreeReader(reader).value(read_root(reader), 0);
  if (before - reader.left() > max_bytes) reader.fail("NBT is beyond its limit");
  return reader.ok() ? std::move(out) : Nbt{};
}

void write_nbt(Writer& writer, const Nbt& nbt) {
  write_tag(writer, nbt.tag());
  if (writer.version < v1_20_2 && nbt.tag() != Tag::end) write_text(writer, "");
  TreeWriter(writer).value(nbt, 0);
}

Result<Nbt> parse_nbt(ByteView bytes, Version version, Fault fault) {
  Reader reader(bytes, version);
  Nbt out = read_nbt(reader);
  if (reader.ok() && reader.left() != 0) reader.fail("bytes left over");
  if (!reader.ok()) return fail(fault, "NBT: {}", reader.why());
  return out;
}

void nbt_field(Reader& reader, RawNbt& out, std::size_t max_bytes) {
  Reader ahead = reader;
  skip_nbt(ahead, max_bytes);
  if (!ahead.ok()) return reader.fail(ahead.why());
  const ByteView bytes = reader.raw(ahead.position() - reader.position());
  out.bytes.assign(bytes.begin(), bytes.end());
}

void nbt_field(Writer& writer, const RawNbt& raw, std::size_t max_bytes) {
  if (raw.bytes.empty()) return writer.fail("NBT is missing");
  if (raw.bytes.size() > max_bytes) return writer.fail("NBT is beyond its limit");
  writer.raw(raw.bytes);
}

}  // namespace drawbridge::mc
