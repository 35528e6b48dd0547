#ifndef PUMASI_WORKER_INPUT_CACHE_KEY_H_
#define PUMASI_WORKER_INPUT_CACHE_KEY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/sha256.h"
#include "proto/job.pb.h"
#include "worker/input/content_hash.h"

namespace pumasi {

// A data file as it enters the key.
struct KeyedFile {
  FileDigest digest;
  // Whether it is unpacked before it is read.
  bool gzip = false;
};

// SHA-256, as 64 hexadecimal digits, over all that prepared data depends on: format and library versions, the
// tokenizer, the columns, how malformed rows are treated, and each file's contents, in order. Names of files do not
// count.
std::string CacheKey(const v1::Job& job, const std::vector<KeyedFile>& train, const std::vector<KeyedFile>& test);

// Adds a name and a value to a hash so that no two lists of such pairs run together.
void HashField(absl::string_view name, absl::string_view value, Sha256* sha);

// Adds what a row is labelled with, unless it is one class.
void HashLabelKind(const v1::Job& job, Sha256* sha);

// Adds the tokenizer's fields that decide which ids a text has.
void HashTokenizer(const v1::Tokenizer& tokenizer, Sha256* sha);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CACHE_KEY_H_
