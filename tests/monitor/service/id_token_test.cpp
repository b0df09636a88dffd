#include "monitor/service/id_token.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>

#include "monitor/service/jws.h"

// ID tokens as a provider makes them, with real keys, and as an attacker would.
namespace monitor::service {
namespace {

using Json = nlohmann::json;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

/// A key of a provider: signs, and gives its public half as a JWK.
class ProviderKey {
 public:
  ProviderKey(const char* id, bool rsa, int bits = 2048)
      : id_(id),
        rsa_(rsa),
        key_(rsa ? EVP_RSA_gen(static_cast<unsigned>(bits)) : EVP_EC_gen("P-256")) {}

  [[nodiscard]] const char* algorithm() const { return rsa_ ? "RS256" : "ES256"; }
  [[nodiscard]] Json Jwk() const {
    Json jwk = {{"kid", id_}, {"use", "sig"}};
    if (rsa_) {
      jwk["kty"] = "RSA";
      jwk["n"] = NumberOf(OSSL_PKEY_PARAM_RSA_N, 0);
      jwk["e"] = NumberOf(OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
      jwk["kty"] = "EC";
      jwk["crv"] = "P-256";
      jwk["x"] = NumberOf(OSSL_PKEY_PARAM_EC_PUB_X, 32);
      jwk["y"] = NumberOf(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    return jwk;
  }
  [[nodiscard]] std::string Sign(const std::string& bytes) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                    EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size());
    std::string signature(size, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    EVP_DigestSign(context.get(), out, &size, data, bytes.size());
    signature.resize(size);
    return rsa_ ? signature : Raw(signature);
  }

 private:
  [[nodiscard]] std::string NumberOf(const char* name, int size) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &number);
    std::string bytes(static_cast<std::size_t>(std::max(size, BN_num_bytes(number))), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    BN_free(number);
    return Base64Url(bytes);
  }
  static std::string Raw(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
    ECDSA_SIG_free(signature);
    return raw;
  }

  std::string id_;
  bool rsa_;
  std::unique_ptr<EVP_PKEY, FreeKey> key_;
};

class IdTokenTest : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] Json Claims() const {
    return {{"iss", expected_.issuer}, {"aud", "etalon"},     {"sub", "17"},
            {"exp", 1'000'300},        {"iat", 1'000'000},    {"nonce", "n"},
            {"name", "Ana Sousa"},     {"email", "ana@a.org"}};
  }
  [[nodiscard]] Json Header() const { return {{"alg", key_.algorithm()}, {"kid", "k1"}}; }
  [[nodiscard]] std::string Token(const Json& header, const Json& claims) const {
    const std::string bytes = Base64Url(header.dump()) + "." + Base64Url(claims.dump());
    return bytes + "." + Base64Url(key_.Sign(bytes));
  }
  [[nodiscard]] std::string Fault(const std::string& token, const Json& keys) {
    return std::string(Name(CheckIdToken(token, keys, expected_, subject_)));
  }
  [[nodiscard]] std::string Fault(const std::string& token) { return Fault(token, keys_); }
  std::string With(const char* claim, const Json& value) {
    Json claims = Claims();
    claims[claim] = value;
    return Fault(Token(Header(), claims));
  }

  ProviderKey key_{"k1", GetParam()};
  Json keys_ = {{"keys", {key_.Jwk()}}};
  IdTokenExpectation expected_{"https://sso.example.org", "etalon", "n", 1'000'010, 0};
  IdTokenSubject subject_;
};

INSTANTIATE_TEST_SUITE_P(Keys, IdTokenTest, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Rsa" : "Ec"; });

TEST_P(IdTokenTest, AGoodTokenSaysWhoItIs) {
  EXPECT_EQ(Fault(Token(Header(), Claims())), "none");
  EXPECT_EQ(subject_.subject, "17");
  EXPECT_EQ(subject_.name, "Ana Sousa");
  EXPECT_EQ(subject_.email, "ana@a.org");
  EXPECT_EQ(With("aud", {"etalon"}), "none");
}

TEST_P(IdTokenTest, EveryClaimIsHeldToWhatWasAsked) {
  EXPECT_EQ(With("iss", "https://other.example.org"), "wrong_issuer");
  EXPECT_EQ(With("iss", "https://sso.example.org/"), "wrong_issuer");
  EXPECT_EQ(With("aud", "somebody"), "wrong_audience");
  EXPECT_EQ(With("aud", {"somebody", "etalon"}), "wrong_audience");
  EXPECT_EQ(With("aud", Json()), "wrong_audience");
  EXPECT_EQ(With("azp", "somebody"), "wrong_audience");
  EXPECT_EQ(With("exp", 999'950), "expired");
  EXPECT_EQ(With("exp", 999'951), "none") << "60 s of clock difference";
  EXPECT_EQ(With("exp", Json()), "expired");
  EXPECT_EQ(With("exp", "1000300"), "expired");
  EXPECT_EQ(With("iat", 1'000'071), "issued_in_future");
  EXPECT_EQ(With("nonce", "m"), "wrong_nonce");
  EXPECT_EQ(With("nonce", Json()), "wrong_nonce");
  EXPECT_EQ(With("sub", ""), "malformed");
  expected_.nonce = "";
  EXPECT_EQ(With("nonce", ""), "wrong_nonce") << "an empty nonce binds nothing";
}

TEST_P(IdTokenTest, AFreshSignInIsAFreshSignIn) {
  expected_.signed_in_since_s = 1'000'000;
  EXPECT_EQ(With("auth_time", 1'000'005), "none");
  EXPECT_EQ(With("auth_time", 999'980), "not_fresh");
  EXPECT_EQ(With("auth_time", Json()), "not_fresh");
}

TEST_P(IdTokenTest, TheTokenDoesNotChooseHowItIsChecked) {
  const Json claims = Claims();
  for (const char* algorithm : {"none", "None", "NONE", "", "HS256", "RS512", "PS256"}) {
    Json header = Header();
    header["alg"] = algorithm;
    EXPECT_EQ(Fault(Token(header, claims)), "wrong_algorithm") << algorithm;
    const std::string bytes = Base64Url(header.dump()) + "." + Base64Url(claims.dump());
    EXPECT_EQ(Fault(bytes + "."), "wrong_algorithm") << algorithm;
  }
  Json other = Header();
  other["alg"] = GetParam() ? "ES256" : "RS256";
  EXPECT_EQ(Fault(Token(other, claims)), "wrong_algorithm") << "the key is for another";
  Json critical = Header();
  critical["crit"] = {"b64"};
  EXPECT_EQ(Fault(Token(critical, claims)), "malformed");
}

TEST_P(IdTokenTest, OnlyKeysOfTheSetCount) {
  const ProviderKey stranger("k1", GetParam());
  const std::string bytes = Base64Url(Header().dump()) + "." + Base64Url(Claims().dump());
  EXPECT_EQ(Fault(bytes + "." + Base64Url(stranger.Sign(bytes))), "bad_signature");
  Json header = Header();
  header["kid"] = "k2";
  EXPECT_EQ(Fault(Token(header, Claims())), "unknown_key");
  EXPECT_EQ(Fault(Token(Header(), Claims()), {{"keys", Json::array()}}), "unknown_key");
  EXPECT_EQ(Fault(Token(Header(), Claims()), Json::object()), "unknown_key");
  header.erase("kid");
  EXPECT_EQ(Fault(Token(header, Claims())), "none") << "one key: it must be that";
  EXPECT_EQ(Fault(Token(header, Claims()), {{"keys", {key_.Jwk(), stranger.Jwk()}}}),
            "unknown_key");
  for (const auto& [member, value] : {std::pair{"use", "enc"}, {"alg", "PS256"}}) {
    Json jwk = key_.Jwk();
    jwk[member] = value;
    EXPECT_EQ(Fault(Token(Header(), Claims()), {{"keys", {jwk}}}), "wrong_algorithm") << member;
  }
}

TEST_P(IdTokenTest, OneChangedByteIsNoticed) {
  const std::string token = Token(Header(), Claims());
  const std::size_t second = token.rfind('.');
  std::string altered = token;
  Json claims = Claims();
  claims["sub"] = "18";
  altered.replace(token.find('.') + 1, second - token.find('.') - 1, Base64Url(claims.dump()));
  EXPECT_EQ(Fault(altered), "bad_signature");
  EXPECT_EQ(Fault(token.substr(0, second + 1)), "bad_signature");
  for (const char* text : {"", ".", "..", "a.b", "a.b.c", "a.b.c.d"}) {
    EXPECT_EQ(Fault(text), "malformed") << text;
  }
  EXPECT_EQ(Fault(token + "="), "malformed");
  EXPECT_EQ(Fault(std::string(20'000, 'a')), "malformed");
}

TEST(IdToken, AShortRsaKeyIsNoKey) {
  const ProviderKey weak("k1", true, 1024);
  EXPECT_EQ(VerifyJws("RS256", weak.Jwk(), "x", weak.Sign("x")), JwsVerdict::kWrongKind);
  const ProviderKey good("k1", true);
  EXPECT_EQ(VerifyJws("RS256", good.Jwk(), "x", good.Sign("x")), JwsVerdict::kHolds);
}

/// RFC 7515, A.3: the worked example of ES256.
TEST(IdToken, TheExampleOfTheStandardHolds) {
  const Json key = {{"kty", "EC"},
                    {"crv", "P-256"},
                    {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                    {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
  const std::string bytes =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
      "mNvbS9pc19yb290Ijp0cnVlfQ";
  const auto signature = FromBase64Url(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_EQ(VerifyJws("ES256", key, bytes, signature.value()), JwsVerdict::kHolds);
  EXPECT_EQ(VerifyJws("ES256", key, bytes + "x", signature.value()), JwsVerdict::kDoesNotHold);
}

}  // namespace
}  // namespace monitor::service
