// The session server over HTTPS, as a process of its own (Python's HTTP and TLS): its certificate
// is checked against the authorities and against its name, and there is no way round that.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/strings.hpp"
#include "kit/fake_server.hpp"
#include "kit/login_client.hpp"
#include "kit/program.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

// Vouches for everybody; prints its port.
constexpr std::string_view script = R"(
import http.server, json, ssl, sys, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        body = json.dumps({"id": "4566e69fc90748ee8d71d7ba5aa00d20",
                           "name": query["username"][0], "properties": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
)";

struct Closes {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// A certificate for "localhost" that vouches for itself.
void write_certificate(const std::filesystem::path& folder) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  for (const auto& [kind, value] : {std::pair(NID_subject_alt_name, "DNS:localhost"),
                                    std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    ASSERT_NE(extension, nullptr);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const std::unique_ptr<std::FILE, Closes> certificate_file(
      std::fopen((folder / "certificate.pem").c_str(), "w"));
  PEM_write_X509(certificate_file.get(), certificate.get());
  const std::unique_ptr<std::FILE, Closes> key_file(std::fopen((folder / "key.pem").c_str(), "w"));
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class LoginTls : public ::testing::Test {
 protected:
  void SetUp() override {
    write_certificate(folder.path());
    folder.write("server.py", script);
    server = std::make_unique<Program>(
        "/usr/bin/env",
        Program::Settings{.arguments = {"python3", "server.py"}, .folder = folder.path()});
    ASSERT_TRUE(eventually([&] { return server->output().ends_with('\n'); })) << server->errors();
    port = std::string(trimmed(server->output()));
  }
  [[nodiscard]] ProxyRig::Settings settings(const std::string& host) {
    return {.global = fmt::format("auth.session_url = \"https://{}:{}/hasJoined\"", host, port),
            .servers = {{"lobby", server_file("play.example", backend.address(),
                                              "proxy_mode = \"client_only\"")}},
            .http = {.authorities = folder.path() / "certificate.pem"}};
  }
  TempFolder folder;
  FakeServer backend;
  std::unique_ptr<Program> server;
  std::string port;
};

TEST_F(LoginTls, a_trusted_session_server_is_believed) {
  ProxyRig rig(settings("localhost"));
  // Twice: the second question goes out on the connection of the first.
  for (const char* name : {"Steve", "Alex"}) {
    LoginClient player(rig.endpoint(), {.player = name});
    ASSERT_TRUE(player.answer_encryption());
    LoginBackend arrived(backend.accept());
    EXPECT_EQ(arrived.hello.player, name);
  }
}

TEST_F(LoginTls, a_certificate_that_nobody_vouches_for_is_not) {
  ProxyRig::Settings without = settings("localhost");
  without.http = {};
  ProxyRig rig(std::move(without));
  LoginClient player(rig.endpoint(), {});
  EXPECT_EQ(player.log_in().kicked, "The account servers do not answer. Please try again later.");
  EXPECT_TRUE(rig.logged({"auth_unavailable", "its certificate is not accepted"}));
}

TEST_F(LoginTls, a_certificate_for_another_name_is_not) {
  ProxyRig rig(settings("127.0.0.1"));
  LoginClient player(rig.endpoint(), {});
  EXPECT_EQ(player.log_in().kicked, "The account servers do not answer. Please try again later.");
  EXPECT_TRUE(rig.logged({"auth_unavailable", "its certificate is not accepted"}));
}

}  // namespace
}  // namespace drawbridge::kit
