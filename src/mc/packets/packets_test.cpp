// What the golden bytes cannot show: which field is which, and what is refused.
#include <gtest/gtest.h>

#include "mc/hex_for_tests.hpp"
#include "mc/packets/all_for_tests.hpp"

namespace drawbridge::mc {
namespace {

template <typename P>
P read(std::string_view fields, Version version) {
  const auto packet = decode<P>(hex(fields), version, Fault::client);
  EXPECT_TRUE(packet) << packet.error().what;
  return packet.value_or(P{});
}

template <typename P>
std::string why(const ByteBuffer& fields, Version version) {
  const auto packet = decode<P>(fields, version, Fault::backend);
  return packet ? "" : packet.error().what;
}

template <typename P>
ByteBuffer written(const P& packet, Version version) {
  ByteBuffer out;
  Writer writer(out, version);
  P::fields(writer, packet);
  EXPECT_TRUE(writer.ok()) << writer.why();
  return out;
}

const Uuid some_uuid = Uuid::parse("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0").value();

TEST(LoginPackets, EncryptionRequest) {
  const auto old = read<EncryptionRequest>("00 0002 0102 0001 03", v1_7_6);
  EXPECT_EQ(old.public_key, hex("0102"));
  EXPECT_EQ(old.verify_token, hex("03"));
  EXPECT_TRUE(old.should_authenticate);
  EXPECT_FALSE(read<EncryptionRequest>("00 02 0102 01 03 00", v1_20_5).should_authenticate);
  EXPECT_EQ(why<EncryptionRequest>(hex("00 02 0102 01 03"), v1_20_5),
            "encryption_begin: ends too early");
}

TEST(LoginPackets, EncryptionResponseWithAKeyOfThePlayer) {
  const auto token = read<EncryptionResponse>("01 AA 01 01 BB", v1_19);
  EXPECT_EQ(token.verify_token, hex("BB"));
  EXPECT_FALSE(token.signature);
  const auto with_key = read<EncryptionResponse>("01 AA 00 0000000000000005 01 CC", v1_19_1);
  ASSERT_TRUE(with_key.signature);
  EXPECT_EQ(with_key.signature->salt, 5);
  EXPECT_EQ(with_key.signature->signature, hex("CC"));
  EXPECT_EQ(written(with_key, v1_19_1), hex("01 AA 00 0000000000000005 01 CC"));
  EXPECT_EQ(read<EncryptionResponse>("01 AA 01 BB", v1_19_3).verify_token, hex("BB"));
}

TEST(LoginPackets, SuccessHasItsUuidAsTextBefore1_16) {
  LoginSuccess success;
  success.uuid = some_uuid;
  success.player = "Notch";
  EXPECT_EQ(written(success, v1_7_2), hex("20 '0f1e2d3c4b5a69788796a5b4c3d2e1f0' 05 'Notch'"));
  EXPECT_EQ(written(success, v1_7_6), hex("24 '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0' 05 'Notch'"));
  EXPECT_EQ(written(success, v1_16), hex("0f1e2d3c4b5a69788796a5b4c3d2e1f0 05 'Notch'"));
  for (const Version version : {v1_7_2, v1_7_6, v1_16}) {
    const auto again = decode<LoginSuccess>(written(success, version), version, Fault::client);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->uuid, some_uuid);
    EXPECT_EQ(again->player, "Notch");
  }
  EXPECT_EQ(why<LoginSuccess>(hex("03 'abc' 01 'a'"), v1_8), "success: not a UUID");
}

TEST(LoginPackets, SuccessHasPropertiesSince1_19) {
  const auto success = read<LoginSuccess>(
      "0f1e2d3c4b5a69788796a5b4c3d2e1f0 01 'a' 02 01 'n' 01 'v' 01 01 's' 01 'm' 00 00 01",
      v1_20_5);
  ASSERT_EQ(success.properties.size(), 2U);
  EXPECT_EQ(success.properties[0], (Property{"n", "v", "s"}));
  EXPECT_EQ(success.properties[1], (Property{"m", "", std::nullopt}));
  EXPECT_TRUE(success.strict_error_handling);
  EXPECT_EQ(written(success, v1_21_2).size() + 1, written(success, v1_21).size());
}

TEST(LoginPackets, BelieveNoCounts) {
  const std::string head = "0f1e2d3c4b5a69788796a5b4c3d2e1f0 01 'a' ";
  EXPECT_EQ(why<LoginSuccess>(hex(head + "FFFFFFFF07"), v1_19),
            "success: a count is beyond its limit");
  EXPECT_EQ(why<LoginSuccess>(hex(head + "FFFFFFFF0F"), v1_19),
            "success: a count is beyond its limit");
  EXPECT_EQ(why<LoginSuccess>(hex(head + "03 00 00"), v1_19),
            "success: a count is beyond its limit");
}

TEST(LoginPackets, PluginResponseTellsNothingFromEmpty) {
  EXPECT_FALSE(read<LoginPluginResponse>("05 00", v1_13).data);
  EXPECT_EQ(read<LoginPluginResponse>("05 01", v1_13).data, ByteBuffer{});
  EXPECT_EQ(read<LoginPluginResponse>("05 01 0102", v1_13).data, hex("0102"));
  EXPECT_EQ(why<LoginPluginResponse>(hex("05 00 01"), v1_13),
            "login_plugin_response: bytes left over");
  ByteBuffer large = hex("05 01");
  large.resize(2 + max_plugin_data);
  EXPECT_EQ(why<LoginPluginResponse>(large, v1_13), "");
  large.push_back(0);
  EXPECT_NE(why<LoginPluginResponse>(large, v1_13), "");
}

TEST(CommonPackets, KeepAliveHasThreeForms) {
  EXPECT_EQ(read<KeepAlive>("FFFFFFFE", v1_7_2).id, -2);
  EXPECT_EQ(read<KeepAlive>("AC02", v1_8).id, 300);
  EXPECT_EQ(read<KeepAlive>("AC02", v1_12_1).id, 300);
  EXPECT_EQ(read<KeepAlive>("0000000100000002", v1_12_2).id, 0x100000002);
  const KeepAlive wide{.id = 0x100000002};
  ByteBuffer out;
  Writer writer(out, v1_8);
  KeepAlive::fields(writer, wide);
  EXPECT_FALSE(writer.ok());
}

TEST(CommonPackets, CookiesAreBounded) {
  CookieResponse response{.key = "a:b", .value = ByteBuffer(max_cookie)};
  ByteBuffer bytes = written(response, v1_20_5);
  EXPECT_EQ(why<CookieResponse>(bytes, v1_20_5), "");
  response.value->push_back(0);
  ByteBuffer out;
  Writer writer(out, v1_20_5);
  CookieResponse::fields(writer, response);
  EXPECT_FALSE(writer.ok());
  EXPECT_FALSE(read<CookieResponse>("01 'a' 00", v1_20_5).value);
}

TEST(CommonPackets, Settings) {
  const auto old = read<Settings>("05 'de_de' 0C 01 01 02 01", v1_7_6);
  EXPECT_EQ(old.difficulty, 2);
  EXPECT_EQ(old.skin_parts, 1);
  const auto now = read<Settings>("05 'de_de' 0C 01 01 7F 00 01 00 02", v1_21_2);
  EXPECT_EQ(now.locale, "de_de");
  EXPECT_EQ(now.view_distance, 12);
  EXPECT_EQ(now.chat_mode, 1);
  EXPECT_TRUE(now.chat_colors);
  EXPECT_EQ(now.skin_parts, 127);
  EXPECT_EQ(now.main_hand, 0);
  EXPECT_TRUE(now.text_filtering);
  EXPECT_FALSE(now.listed);
  EXPECT_EQ(now.particles, 2);
}

TEST(CommonPackets, ResourcePacks) {
  const auto pack = read<AddResourcePack>(
      "0f1e2d3c4b5a69788796a5b4c3d2e1f0 01 'u' 01 'h' 01 01 08 0002 'hi'", v1_20_3);
  EXPECT_EQ(pack.id, some_uuid);
  EXPECT_EQ(pack.url, "u");
  EXPECT_EQ(pack.hash, "h");
  EXPECT_TRUE(pack.is_forced);
  ASSERT_TRUE(pack.prompt);
  EXPECT_EQ(to_plain(read_wire_text(*pack.prompt, v1_20_3, Fault::backend).value()), "hi");
  const auto old = read<ResourcePackSend>("01 'u' 01 'h'", v1_16_4);
  EXPECT_EQ(old.url, "u");
  EXPECT_FALSE(old.prompt);
  EXPECT_EQ(read<ResourcePackReceive>("01 'h' 02", v1_9).hash, "h");
  EXPECT_EQ(read<ResourcePackReceive>("02", v1_10).result, 2);
}

TEST(ConfigurationPackets, RegistryData) {
  EXPECT_EQ(read<RegistryData>("0A 00", v1_20_3).codec.bytes, hex("0A 00"));
  const auto data = read<RegistryData>("01 'r' 02 01 'a' 01 0A 00 01 'b' 00", v1_20_5);
  EXPECT_EQ(data.registry, "r");
  ASSERT_EQ(data.entries.size(), 2U);
  EXPECT_EQ(data.entries[0].key, "a");
  EXPECT_EQ(data.entries[0].value, RawNbt{hex("0A 00")});
  EXPECT_FALSE(data.entries[1].value);
}

TEST(ConfigurationPackets, TagsAndPacks) {
  const auto tags = read<Tags>("01 01 'r' 01 01 't' 02 01 AC02", v1_20_2);
  ASSERT_EQ(tags.registries.size(), 1U);
  EXPECT_EQ(tags.registries[0].key, "r");
  ASSERT_EQ(tags.registries[0].tags.size(), 1U);
  EXPECT_EQ(tags.registries[0].tags[0].key, "t");
  EXPECT_EQ(tags.registries[0].tags[0].entries, (std::vector<std::int32_t>{1, 300}));
  const auto packs = read<SelectKnownPacks>("01 01 'm' 01 'c' 01 'v'", v1_20_5);
  ASSERT_EQ(packs.packs.size(), 1U);
  EXPECT_EQ(packs.packs[0].space, "m");
  EXPECT_EQ(packs.packs[0].id, "c");
  EXPECT_EQ(packs.packs[0].version, "v");
}

TEST(PlayPackets, ChatToTheClient) {
  EXPECT_EQ(read<Chat>("04 '\"hi\"'", v1_7_2).message.json, "\"hi\"");
  const auto chat = read<Chat>("04 '\"hi\"' 02 0f1e2d3c4b5a69788796a5b4c3d2e1f0", v1_16);
  EXPECT_EQ(chat.position, Chat::action_bar);
  EXPECT_EQ(chat.sender, some_uuid);
  EXPECT_EQ(read<SystemChat>("04 '\"hi\"' 02", v1_19).type, SystemChat::type_game_info);
  EXPECT_TRUE(read<SystemChat>("04 '\"hi\"' 01", v1_19_1).is_action_bar);
  EXPECT_EQ(read<SystemChat>("08 0002 'hi' 00", v1_20_3).content.nbt.bytes, hex("08 0002 'hi'"));
}

TEST(PlayPackets, KicksAreWrittenForTheVersion) {
  const Text text = Text::legacy("§cno");
  for (const Version version : {v1_7_2, v1_20_2, v1_20_3, v26_3}) {
    const auto body =
        encode_body(KickDisconnect{wire_text(text, version)}, version, State::play, Bound::client);
    ASSERT_TRUE(body);
    const auto packet = split_packet(*body, Fault::proxy);
    ASSERT_TRUE(packet);
    EXPECT_EQ(id_map(version, State::play, Bound::client).kind(packet->id), Kind::kick_disconnect);
    const auto kick = decode<KickDisconnect>(packet->fields, version, Fault::proxy);
    ASSERT_TRUE(kick);
    EXPECT_EQ(to_legacy(read_wire_text(kick->reason, version, Fault::proxy).value()), "§cno");
  }
}

TEST(PacketBodies, AreNotMadeWhereAVersionHasNone) {
  const auto body = encode_body(StartConfiguration{}, v1_20, State::play, Bound::client);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().what, "1.20-1.20.1 has no start_configuration");
  EXPECT_EQ(encode_body(StartConfiguration{}, v1_20_2, State::play, Bound::client), hex("65"));
  EXPECT_FALSE(encode_body(Transfer{.host = std::string(40'000, 'a'), .port = 1}, v26_3,
                           State::play, Bound::client));
}

// A program whose version is above all that we know may still have an older layout.
TEST(Packets, ASuccessWithoutASessionIsReadAndWrittenAsItWas) {
  LoginSuccess success{.uuid = offline_uuid("Steve"), .player = "Steve", .properties = {}};
  for (const bool has_session : {false, true}) {
    if (has_session) success.session = offline_uuid("Alex");
    const auto body = encode_body(success, newest_known, State::login, Bound::client);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->size(), 1 + 16 + 6 + 1 + (has_session ? 16U : 0U));
    const auto read =
        decode<LoginSuccess>(ByteView(*body).subspan(1), newest_known, Fault::backend);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->session, success.session);
  }
}

}  // namespace
}  // namespace drawbridge::mc
