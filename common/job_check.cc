#include "common/job_check.h"

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"

namespace pumasi {
namespace {

absl::Status CheckData(const v1::Job& job, const SourceMap& source) {
  const v1::Data& data = job.data();
  if (data.has_synthetic()) {
    if (data.has_train() || data.has_test()) {
      return source.Error("data.synthetic", "made-up rows and files (train, test) exclude each other");
    }
    if (job.has_tokenizer())
      return source.Error("tokenizer", "synthetic data are ids already: leave the tokenizer out");
    return absl::OkStatus();
  }
  if (!data.has_train()) return source.Error("data", "neither train (files) nor synthetic (made-up rows) is given");
  if (data.text().empty())
    return source.Error("data", "text is missing: the columns to read, as in text: [name, description]");
  if (!data.has_label()) return source.Error("data", "label is missing: the column with the class");
  for (const std::string& column : data.text()) {
    if (column == data.label())
      return source.Error("data.label", absl::StrCat("column '", column, "' is a text column, too"));
  }
  if (!job.has_tokenizer()) return source.Error("data", "text needs a tokenizer, as in tokenizer: {kind: words}");
  const v1::Tokenizer& tokenizer = job.tokenizer();
  const bool keras = tokenizer.kind() == v1::TOKENIZER_KIND_KERAS;
  if (!keras && tokenizer.has_oov_token()) return source.Error("tokenizer.oov_token", "only kind: keras has one");
  if (!keras && tokenizer.has_filters()) return source.Error("tokenizer.filters", "only kind: keras has them");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckJob(const v1::Job& job, const SourceMap& source) {
  if (job.batch() % job.micro_batches() != 0) {
    return source.Error("micro_batches",
                        absl::StrCat("a batch of ", job.batch(), " rows cannot be cut into ", job.micro_batches(),
                                     " equal parts; take a divisor of ", job.batch()));
  }
  if (absl::Status status = CheckData(job, source); !status.ok()) return status;
  if (absl::Status status = CheckModel(job); !status.ok()) return source.Error("model", status.message());
  return absl::OkStatus();
}

}  // namespace pumasi
