// Making keys and certificates with OpenSSL; used by common/identity.h.
#ifndef PUMASI_COMMON_CERTIFICATE_H_
#define PUMASI_COMMON_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/openssl_ptr.h"

namespace pumasi {

// A certificate and its private key.
struct KeyPair {
  OpensslPtr<X509> certificate;
  OpensslPtr<EVP_PKEY> key;
};

// A self-signed certificate authority that may sign end certificates and no further authorities.
absl::StatusOr<KeyPair> MakeAuthority(const std::string& common_name, absl::Time from, absl::Time to);

// An end certificate for TLS servers and clients, signed by `authority`. `alternative_names` in OpenSSL's notation:
// "DNS:localhost,IP:127.0.0.1,URI:pumasi://server/server-1". The caller vouches for its characters.
absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, const std::string& common_name,
                                        const std::string& alternative_names, absl::Time from, absl::Time to);

absl::StatusOr<std::string> CertificatePem(const KeyPair& pair);
absl::StatusOr<std::string> KeyPem(const KeyPair& pair);

}  // namespace pumasi

#endif  // PUMASI_COMMON_CERTIFICATE_H_
