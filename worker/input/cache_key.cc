#include "worker/input/cache_key.h"

#include <unicode/uversion.h>

#include "absl/strings/str_cat.h"
#include "worker/input/label_kind.h"

namespace pumasi {
namespace {

// Goes up whenever the same input would be prepared differently.
constexpr int kPreparationFormat = 2;

void HashFiles(absl::string_view name, const std::vector<KeyedFile>& files, Sha256* sha) {
  HashField(name, absl::StrCat(files.size()), sha);
  for (const KeyedFile& file : files) {
    HashField(file.gzip ? "gzip" : "file", absl::StrCat(file.digest.size, " ", file.digest.sha256), sha);
  }
}

}  // namespace

void HashField(absl::string_view name, absl::string_view value, Sha256* sha) {
  sha->Update(absl::StrCat(name, " ", value.size(), "\n"));
  sha->Update(value);
}

void HashTokenizer(const v1::Tokenizer& tokenizer, Sha256* sha) {
  HashField("kind", v1::TokenizerKind_Name(tokenizer.kind()), sha);
  HashField("lower", absl::StrCat(tokenizer.lower()), sha);
  HashField("vocabulary", absl::StrCat(tokenizer.vocabulary()), sha);
  HashField("max_length", absl::StrCat(tokenizer.max_length()), sha);
  HashField("truncate", v1::Truncate_Name(tokenizer.truncate()), sha);
  if (tokenizer.kind() != v1::TOKENIZER_KIND_KERAS) return;
  HashField("oov_token", tokenizer.oov_token(), sha);
  HashField(tokenizer.has_filters() ? "filters" : "default filters", tokenizer.filters(), sha);
}

void HashLabelKind(const v1::Job& job, Sha256* sha) {
  const LabelKind kind = LabelKindOf(job.loss());
  if (kind != LabelKind::kClass) HashField("labels", kind == LabelKind::kNumbers ? "numbers" : "classes", sha);
}

std::string CacheKey(const v1::Job& job, const std::vector<KeyedFile>& train, const std::vector<KeyedFile>& test) {
  Sha256 sha;
  HashField("format", absl::StrCat(kPreparationFormat), &sha);
  // Letters and lower case come from ICU's tables.
  UVersionInfo icu;
  u_getVersion(icu);
  HashField("icu", absl::StrCat(icu[0], ".", icu[1]), &sha);
  HashTokenizer(job.tokenizer(), &sha);
  for (const std::string& column : job.data().text()) HashField("text", column, &sha);
  HashField("label", job.data().label(), &sha);
  HashLabelKind(job, &sha);
  if (LabelKindOf(job.loss()) != LabelKind::kClass) HashField("label_separator", job.data().label_separator(), &sha);
  HashField("on_error", v1::OnError_Name(job.data().on_error()), &sha);
  HashField("skip_limit", absl::StrCat(job.data().skip_limit()), &sha);
  HashFiles("train", train, &sha);
  HashFiles("test", test, &sha);
  return sha.Hex();
}

}  // namespace pumasi
