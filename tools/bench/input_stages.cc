#include "tools/bench/input_stages.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/bench/child_process.h"
#include "worker/input/bad_rows.h"
#include "worker/input/csv_rows.h"
#include "worker/input/encode_rows.h"
#include "worker/input/label_set.h"
#include "worker/input/prepare.h"
#include "worker/input/vocabulary.h"

namespace pumasi {
namespace {

// What a user would write: the words of a column, counted all together or (with "counts") each on its own. Tells how
// many there are and the seconds that it took, so that the start of Python does not count.
constexpr char kPython[] = R"py(
import collections, csv, sys, time
path, column, counts = sys.argv[1:]
wall, processor = time.perf_counter(), time.process_time()
total, words = 0, collections.Counter()
with open(path, encoding="utf-8", newline="") as file:
    rows = csv.reader(file)
    place = next(rows).index(column)
    if counts:
        for row in rows:
            words.update(row[place].split())
        total = sum(words.values())
    else:
        for row in rows:
            total += len(row[place].split())
print(total, time.perf_counter() - wall, time.process_time() - processor)
)py";

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.message());
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

// As docs/job.md has nsmc: words between white space, at most 200,000 of them.
v1::Job MakeJob(const InputArguments& arguments) {
  v1::Job job;
  job.set_name("input");
  job.set_loss(v1::LOSS_CROSS_ENTROPY);
  v1::Data* data = job.mutable_data();
  data->set_train(std::filesystem::absolute(arguments.file).string());
  data->add_text(arguments.text);
  data->set_label(arguments.label);
  data->set_format(v1::FORMAT_CSV);
  data->set_on_error(v1::ON_ERROR_FAIL);
  v1::Tokenizer* tokenizer = job.mutable_tokenizer();
  v1::TokenizerKind kind;
  std::string name = absl::StrCat("TOKENIZER_KIND_", arguments.kind);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!v1::TokenizerKind_Parse(name, &kind)) Die(absl::StrCat("--kind ", arguments.kind, ": whitespace or words"));
  tokenizer->set_kind(kind);
  tokenizer->set_lower(kind != v1::TOKENIZER_KIND_WHITESPACE);
  tokenizer->set_vocabulary(200000);
  tokenizer->set_max_length(50);
  tokenizer->set_truncate(v1::TRUNCATE_BACK);
  return job;
}

}  // namespace

void Die(absl::string_view why) {
  std::fprintf(stderr, "%s\n", std::string(why).c_str());
  std::exit(1);
}

InputStages::InputStages(const InputArguments& arguments)
    : arguments_(arguments),
      job_(MakeJob(arguments)),
      labels_(LabelReader::Of(job_)),
      tokenizer_(Must(MakeTokenizer(job_.tokenizer()))),
      buffer_(1 << 20) {
  cache_ = std::filesystem::temp_directory_path() / absl::StrCat("pumasi-bench-input-", getpid());
  std::filesystem::create_directories(cache_);
  // What the encoding stage needs of the survey.
  Survey survey = SurveyOnce();
  encoder_ = Must(
      TextEncoder::WithVocabulary(job_.tokenizer(), Vocabulary::FromCounts(survey.tokens, RulesFor(job_.tokenizer()))));
  distinct_ = survey.tokens.size();
  label_encoder_ = std::make_unique<LabelEncoder>(labels_, LabelSet::FromNames(std::move(survey.labels)));
  Prepare("warm");
}

InputStages::~InputStages() {
  std::error_code ignored;
  std::filesystem::remove_all(cache_, ignored);
}

void InputStages::Read() {
  const int file = open(arguments_.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) Die("cannot read the file");
  while (read(file, buffer_.data(), buffer_.size()) > 0) {
  }
  close(file);
}

void InputStages::Touch() {
  const auto view = Must(FileView::Open(arguments_.file));
  const std::string_view contents = view->contents();
  for (size_t at = 0; at < contents.size(); at += 4096) sum_ = sum_ + contents[at];
}

void InputStages::Rows() {
  const auto input = OpenInput();
  for (const CsvInput::Piece& piece : input->pieces()) {
    CsvRows rows(*piece.table, piece.range);
    while (rows.Next()) sum_ = sum_ + rows.text().size();
  }
}

void InputStages::Split() {
  const auto input = OpenInput();
  Tokens tokens;
  tokens_ = 0;
  for (const CsvInput::Piece& piece : input->pieces()) {
    CsvRows rows(*piece.table, piece.range);
    while (rows.Next()) {
      tokenizer_->Split(rows.text(), &tokens);
      tokens_ += tokens.list.size();
    }
  }
}

Survey InputStages::SurveyOnce() {
  BadRows bad_rows(job_.data());
  ProgressTracker tracker(nullptr, nullptr);
  return Must(SurveyRows(*OpenInput(), {&labels_, tokenizer_.get(), nullptr}, 1, &bad_rows, &tracker));
}

void InputStages::Encode() {
  BadRows bad_rows(job_.data());
  ProgressTracker tracker(nullptr, nullptr);
  Check(EncodeRows(*OpenInput(), *encoder_, *label_encoder_, 1, &bad_rows, &tracker, [&](const EncodedRows& rows) {
    sum_ = sum_ + rows.rows();
    return absl::OkStatus();
  }));
}

void InputStages::Prepare(const std::string& cache) {
  PrepareOptions options;
  options.data_root = "/";
  options.cache_folder = cache_ / cache;
  options.who = "a benchmark";
  sum_ = sum_ + Must(PrepareData(job_, "", options)).train->rows();
}

InputStages::Seconds InputStages::Python(bool counts) {
  const std::string output =
      RunChild({"python3", "-I", "-c", kPython, arguments_.file, arguments_.text, counts ? "counts" : ""});
  Seconds own;
  if (std::sscanf(output.c_str(), "%" SCNu64 " %lf %lf", &python_tokens_, &own.wall, &own.processor) != 3) {
    Die(absl::StrCat("Python says ", output));
  }
  return own;
}

std::unique_ptr<CsvInput> InputStages::OpenInput() const {
  return Must(CsvInput::Open({arguments_.file}, {{arguments_.text}, arguments_.label}, FileViewOptions(), 1));
}

void InputStages::PrepareCold() { Prepare(absl::StrCat("cold-", cold_++)); }

void InputStages::Wc(const char* locale) { RunChild({"wc", "-w", arguments_.file}, {absl::StrCat("LC_ALL=", locale)}); }

}  // namespace pumasi
