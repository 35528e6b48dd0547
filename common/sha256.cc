#include "common/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "absl/strings/escaping.h"

namespace pumasi {
namespace {

// OpenSSL's calls here fail only when memory is out or the library lacks SHA-256: nothing that a caller could mend.
void OrDie(int result) {
  if (result != 1) std::abort();
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) { OrDie(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr)); }

Sha256::Sha256(const Sha256& other) : context_(EVP_MD_CTX_new()) {
  OrDie(EVP_MD_CTX_copy_ex(context_, other.context_));
}

Sha256& Sha256::operator=(const Sha256& other) {
  if (this != &other) OrDie(EVP_MD_CTX_copy_ex(context_, other.context_));
  return *this;
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Update(const void* data, size_t size) {
  if (size > 0) OrDie(EVP_DigestUpdate(context_, data, size));
}

std::array<uint8_t, 32> Sha256::Digest() const {
  // Finishing a context ends it, so a copy is finished.
  Sha256 copy(*this);
  std::array<uint8_t, 32> digest;
  OrDie(EVP_DigestFinal_ex(copy.context_, digest.data(), nullptr));
  return digest;
}

std::string Sha256::Hex() const {
  const auto digest = Digest();
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string Sha256Hex(absl::string_view data) {
  Sha256 sha;
  sha.Update(data);
  return sha.Hex();
}

}  // namespace pumasi
