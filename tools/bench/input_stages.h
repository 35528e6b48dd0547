// The pieces of work that tools/bench/input.cc measures.
#ifndef PUMASI_TOOLS_BENCH_INPUT_STAGES_H_
#define PUMASI_TOOLS_BENCH_INPUT_STAGES_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "worker/input/csv_input.h"
#include "worker/input/label_encoder.h"
#include "worker/input/survey.h"
#include "worker/input/text_encoder.h"
#include "worker/input/tokenizer.h"

namespace pumasi {

struct InputArguments {
  std::string file, text = "text", label = "label", kind = "whitespace", json;
};

// Ends the benchmark with a message.
[[noreturn]] void Die(absl::string_view why);

// Each call does one piece of work, from the file on, with one thread. Anything that goes wrong ends the benchmark.
class InputStages {
 public:
  // Learns a vocabulary and fills a cache, in a folder of its own that goes with this object.
  explicit InputStages(const InputArguments& arguments);
  ~InputStages();

  void Read();
  void Touch();
  void Rows();
  void Split();
  void Count() { SurveyOnce(); }
  void Encode();
  void PrepareCold();
  void PrepareWarm() { Prepare("warm"); }

  void Wc(const char* locale);

  struct Seconds {
    double wall = 0, processor = 0;
  };
  // Python tells its time itself, so that its start does not count. `counts`: each word on its own, not all together.
  Seconds Python(bool counts);

  // What Split, Python and the survey found.
  uint64_t tokens() const { return tokens_; }
  uint64_t python_tokens() const { return python_tokens_; }
  uint64_t distinct() const { return distinct_; }

 private:
  std::unique_ptr<CsvInput> OpenInput() const;
  Survey SurveyOnce();
  void Prepare(const std::string& cache);

  const InputArguments& arguments_;
  const v1::Job job_;
  const LabelReader labels_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<TextEncoder> encoder_;
  std::unique_ptr<LabelEncoder> label_encoder_;
  std::filesystem::path cache_;
  std::vector<char> buffer_;
  int cold_ = 0;
  uint64_t tokens_ = 0, python_tokens_ = 0, distinct_ = 0;
  volatile uint64_t sum_ = 0;  // so that nothing is left out
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_INPUT_STAGES_H_
