#include "common/certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/status/status.h"

namespace pumasi {
namespace {

bool AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const OpensslPtr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Version, random serial number, validity, name and public key.
bool FillIn(X509* certificate, EVP_PKEY* key, const std::string& common_name, absl::Time from, absl::Time to) {
  const OpensslPtr<BIGNUM> serial(BN_new());
  // 20 bytes at most, and positive (RFC 5280 4.1.2.2): 159 bits are free.
  if (serial == nullptr || BN_rand(serial.get(), 159, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1) return false;
  if (BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) == nullptr) return false;
  const auto* const name_bytes = reinterpret_cast<const unsigned char*>(common_name.c_str());
  X509_NAME* const name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(to)) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("Pumasi"), -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, name_bytes, -1, -1, 0) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

template <typename Write>
absl::StatusOr<std::string> ToPem(const Write& write) {
  const OpensslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return OpensslError("write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

absl::StatusOr<KeyPair> MakeAuthority(const std::string& common_name, absl::Time from, absl::Time to) {
  KeyPair pair{OpensslPtr<X509>(X509_new()), OpensslPtr<EVP_PKEY>(EVP_EC_gen("P-256"))};
  X509* const certificate = pair.certificate.get();
  const bool made = certificate != nullptr && pair.key != nullptr &&
                    FillIn(certificate, pair.key.get(), common_name, from, to) &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                    AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddExtension(certificate, certificate, NID_subject_key_identifier, "hash") &&
                    X509_sign(certificate, pair.key.get(), EVP_sha256()) > 0;
  if (!made) return OpensslError("make a certificate authority");
  return pair;
}

absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, const std::string& common_name,
                                        const std::string& alternative_names, absl::Time from, absl::Time to) {
  KeyPair pair{OpensslPtr<X509>(X509_new()), OpensslPtr<EVP_PKEY>(EVP_EC_gen("P-256"))};
  X509* const certificate = pair.certificate.get();
  X509* const issuer = authority.certificate.get();
  const bool made = certificate != nullptr && pair.key != nullptr &&
                    FillIn(certificate, pair.key.get(), common_name, from, to) &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
                    AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
                    AddExtension(certificate, issuer, NID_subject_alt_name, alternative_names) &&
                    X509_sign(certificate, authority.key.get(), EVP_sha256()) > 0;
  if (!made) return OpensslError("make a certificate");
  return pair;
}

absl::StatusOr<std::string> CertificatePem(const KeyPair& pair) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, pair.certificate.get()); });
}

absl::StatusOr<std::string> KeyPem(const KeyPair& pair) {
  return ToPem(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

}  // namespace pumasi
