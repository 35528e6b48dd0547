#include "common/openssl_ptr.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

OpensslPtr<BIO> Reader(const std::string& text) {
  return OpensslPtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int NoPassword(char*, int, int, void*) { return -1; }

}  // namespace

absl::Status OpensslError(absl::string_view action) {
  const unsigned long error = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(error);
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrCat("can't ", action, ": ", reason != nullptr ? reason : "OpenSSL gives no reason"));
}

absl::StatusOr<OpensslPtr<X509>> ParseCertificate(const std::string& pem) {
  OpensslPtr<X509> certificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (certificate == nullptr) return OpensslError("read a certificate in PEM");
  return certificate;
}

absl::StatusOr<OpensslPtr<EVP_PKEY>> ParseKey(const std::string& pem) {
  OpensslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return OpensslError("read an unencrypted private key in PEM");
  return key;
}

}  // namespace pumasi
