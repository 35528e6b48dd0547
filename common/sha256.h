// SHA-256 (FIPS 180-4): fingerprints of data and parameters.
#ifndef PUMASI_COMMON_SHA256_H_
#define PUMASI_COMMON_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace pumasi {

// Update any number of times; Digest and Hex may be asked at any moment and tell about what was given so far. Not
// thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);
  ~Sha256();

  void Update(const void* data, size_t size);
  void Update(absl::string_view data) { Update(data.data(), data.size()); }

  std::array<uint8_t, 32> Digest() const;

  // The digest as 64 lower-case hexadecimal digits.
  std::string Hex() const;

 private:
  evp_md_ctx_st* context_;  // owned
};

// Sha256::Hex of one piece of data.
std::string Sha256Hex(absl::string_view data);

}  // namespace pumasi

#endif  // PUMASI_COMMON_SHA256_H_
