// Owners of OpenSSL's objects.
#ifndef PUMASI_COMMON_OPENSSL_PTR_H_
#define PUMASI_COMMON_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pumasi {

struct OpensslDelete {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

template <typename T>
using OpensslPtr = std::unique_ptr<T, OpensslDelete>;

// What OpenSSL noted last, and forgets it: "can't ACTION: no start line".
absl::Status OpensslError(absl::string_view action);

// The first certificate, or the private key, in PEM text. Encrypted keys are refused: a daemon has nobody to ask.
absl::StatusOr<OpensslPtr<X509>> ParseCertificate(const std::string& pem);
absl::StatusOr<OpensslPtr<EVP_PKEY>> ParseKey(const std::string& pem);

}  // namespace pumasi

#endif  // PUMASI_COMMON_OPENSSL_PTR_H_
