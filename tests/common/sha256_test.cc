#include "common/sha256.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

TEST_CASE("SHA-256 gives the standard's examples") {
  CHECK(Sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("SHA-256 may be asked in the middle, copied, and gone on with") {
  Sha256 sha;
  sha.Update("a");
  const std::string a = sha.Hex();
  CHECK(a == Sha256Hex("a"));
  Sha256 copy = sha;
  sha.Update("bc");
  copy.Update("x");
  CHECK(sha.Hex() == Sha256Hex("abc"));
  CHECK(copy.Hex() == Sha256Hex("ax"));
  copy = sha;
  CHECK(copy.Digest() == sha.Digest());
}

}  // namespace
}  // namespace pumasi
