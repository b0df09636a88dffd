#include "monitor/service/timestamp.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <ctime>
#include <memory>

namespace monitor::service {
namespace {

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
template <typename T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

/// The stack alone: its certificates belong to the token.
struct FreedStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

using Request = Owned<TS_REQ, TS_REQ_free>;
using Response = Owned<TS_RESP, TS_RESP_free>;
using Context = Owned<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;

/// The last thing that the library complained of.
std::string Why() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason is given";
  const char* reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

template <typename T>
T* Require(T* made) {
  if (made == nullptr) throw TimestampError("a time stamp request cannot be made: " + Why());
  return made;
}

Response ReadReply(std::string_view reply) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(reply.data());
  const unsigned char* at = bytes;
  Response response(d2i_TS_RESP(nullptr, &at, static_cast<long>(reply.size())));
  if (response && at == bytes + reply.size()) return response;
  throw TimestampError("the answer is no time stamp reply (RFC 3161)");
}

std::string SignerName(PKCS7* token) {
  const std::unique_ptr<STACK_OF(X509), FreedStack> signers(PKCS7_get0_signers(token, nullptr, 0));
  if (!signers || sk_X509_num(signers.get()) < 1) return "unnamed";
  std::array<char, 256> name{};
  X509_NAME* subject = X509_get_subject_name(sk_X509_value(signers.get(), 0));
  const int length = X509_NAME_get_text_by_NID(subject, NID_commonName, name.data(),
                                               static_cast<int>(name.size()));
  return length > 0 ? name.data() : "unnamed";
}

Timestamp Read(TS_RESP* response) {
  TS_TST_INFO* info = TS_RESP_get_tst_info(response);
  std::tm time{};
  if (info == nullptr || ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &time) != 1) {
    throw TimestampError("the authority refused to stamp, or states no time");
  }
  return {std::chrono::sys_seconds(std::chrono::seconds(timegm(&time))),
          SignerName(TS_RESP_get_token(response))};
}

/// Roots, and the moment that certificates are judged at.
X509_STORE* Roots(const std::string& ca_file, std::chrono::sys_seconds at) {
  X509_STORE* store = Require(X509_STORE_new());
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at.time_since_epoch().count());
  if (X509_STORE_load_file(store, ca_file.c_str()) == 1) return store;
  X509_STORE_free(store);
  throw TimestampError("cannot read the authority's root certificate from " + ca_file);
}

Timestamp Verify(TS_VERIFY_CTX* context, TS_RESP* response, const std::string& ca_file) {
  const Timestamp stamp = Read(response);
  TS_VERIFY_CTX_set_store(context, Roots(ca_file, stamp.time));  // which the context then owns
  TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
  ERR_clear_error();
  if (TS_RESP_verify_response(context, response) == 1) return stamp;
  throw TimestampError("the time stamp does not hold: " + Why());
}

}  // namespace

std::string TimestampRequest(std::string_view data) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  const Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free> imprint(Require(TS_MSG_IMPRINT_new()));
  const Owned<X509_ALGOR, X509_ALGOR_free> algorithm(Require(X509_ALGOR_new()));
  X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr);
  TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get());
  TS_MSG_IMPRINT_set_msg(imprint.get(), digest.data(), static_cast<int>(digest.size()));
  const Owned<BIGNUM, BN_free> random(Require(BN_new()));
  BN_rand(random.get(), 64, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> nonce(
      Require(BN_to_ASN1_INTEGER(random.get(), nullptr)));
  const Request request(Require(TS_REQ_new()));
  unsigned char* der = nullptr;
  const bool made = TS_REQ_set_version(request.get(), 1) == 1 &&
                    TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
                    TS_REQ_set_nonce(request.get(), nonce.get()) == 1 &&
                    TS_REQ_set_cert_req(request.get(), 1) == 1;
  const int length = made ? i2d_TS_REQ(request.get(), &der) : -1;
  if (length <= 0) throw TimestampError("a time stamp request cannot be made: " + Why());
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

Timestamp CheckReply(std::string_view request, std::string_view reply, const std::string& ca_file) {
  const auto* at = reinterpret_cast<const unsigned char*>(request.data());
  const Request asked(Require(d2i_TS_REQ(nullptr, &at, static_cast<long>(request.size()))));
  const Response response = ReadReply(reply);
  const Context context(Require(TS_REQ_to_TS_VERIFY_CTX(asked.get(), nullptr)));
  return Verify(context.get(), response.get(), ca_file);
}

Timestamp CheckKeptReply(std::string_view data, std::string_view reply,
                         const std::string& ca_file) {
  const Response response = ReadReply(reply);
  const Context context(Require(TS_VERIFY_CTX_new()));
  TS_VERIFY_CTX_set_flags(context.get(), TS_VFY_VERSION | TS_VFY_DATA);
  // The context owns and frees the stream.
  TS_VERIFY_CTX_set_data(context.get(),
                         BIO_new_mem_buf(data.data(), static_cast<int>(data.size())));
  return Verify(context.get(), response.get(), ca_file);
}

}  // namespace monitor::service
