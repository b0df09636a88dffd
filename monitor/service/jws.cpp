#include "monitor/service/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <optional>

#include "monitor/service/id_token.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr int kLeastRsaBits = 2048;
constexpr std::size_t kCoordinateBytes = 32;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* what) const {
    kFree(what);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> BytesMember(const Json& key, const char* name) {
  const auto found = key.find(name);
  if (found == key.end() || !found->is_string()) return std::nullopt;
  return FromBase64Url(found->get_ref<const std::string&>());
}

Number ToNumber(std::string_view bytes) {
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Key(key);
}

Key RsaKey(const Json& jwk) {
  const auto modulus = BytesMember(jwk, "n");
  const auto exponent = BytesMember(jwk, "e");
  if (!modulus || !exponent) return nullptr;
  const Number n = ToNumber(*modulus);
  const Number e = ToNumber(*exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (BN_num_bits(n.get()) < kLeastRsaBits ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return MakeKey("RSA", builder.get());
}

Key EcKey(const Json& jwk) {
  const auto x = BytesMember(jwk, "x");
  const auto y = BytesMember(jwk, "y");
  if (jwk.value("crv", Json()) != "P-256" || !x || !y || x->size() != kCoordinateBytes ||
      y->size() != kCoordinateBytes) {
    return nullptr;
  }
  const std::string point = '\x04' + *x + *y;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return MakeKey("EC", builder.get());
}

/// JWS holds r and s side by side; OpenSSL wants them in DER.
std::string EcSignatureDer(std::string_view raw) {
  if (raw.size() != 2 * kCoordinateBytes) return {};
  const EcSignature signature(ECDSA_SIG_new());
  Number r = ToNumber(raw.substr(0, kCoordinateBytes));
  Number s = ToNumber(raw.substr(kCoordinateBytes));
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool Holds(EVP_PKEY* key, std::string_view signed_bytes, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(signed_bytes),
                          signed_bytes.size()) == 1;
}

}  // namespace

JwsVerdict VerifyJws(std::string_view algorithm, const Json& jwk, std::string_view signed_bytes,
                     std::string_view signature) {
  const bool is_rsa = algorithm == "RS256";
  if (!is_rsa && algorithm != "ES256") return JwsVerdict::kWrongKind;
  if (!jwk.is_object() || jwk.value("kty", Json()) != (is_rsa ? "RSA" : "EC") ||
      jwk.value("use", Json("sig")) != "sig" || jwk.value("alg", Json(algorithm)) != algorithm) {
    return JwsVerdict::kWrongKind;
  }
  const Key key = is_rsa ? RsaKey(jwk) : EcKey(jwk);
  if (!key) return JwsVerdict::kWrongKind;
  const bool holds =
      Holds(key.get(), signed_bytes, is_rsa ? std::string(signature) : EcSignatureDer(signature));
  return holds ? JwsVerdict::kHolds : JwsVerdict::kDoesNotHold;
}

}  // namespace monitor::service
