#ifndef PUMASI_WORKER_INPUT_SENTENCEPIECE_LIBRARY_H_
#define PUMASI_WORKER_INPUT_SENTENCEPIECE_LIBRARY_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

// The few calls of libsentencepiece that we use, taken from the shared library at run time.
//
// Why not linked: Debian's libsentencepiece carries a protobuf 3.14 of its own and exports its symbols, while gRPC and
// our messages use protobuf 3.21. Linked into one program, one of the two calls the other's functions and the program
// aborts at its start or crashes. Opened with RTLD_LOCAL and RTLD_DEEPBIND, each uses its own. The price: the calls are
// found by their mangled names, which stand with the library's ABI version (.so.0). Sanitizers refuse RTLD_DEEPBIND, so
// a build with one has no sentencepiece.
class SentencePieceLibrary {
 public:
  // The library, opened at the first call and never closed. Thread-safe. UNAVAILABLE, saying what to install, where it
  // cannot be opened.
  static absl::StatusOr<const SentencePieceLibrary*> Get();

  // Trains a model; returns it serialised. `options` are the trainer's command-line options without dashes.
  absl::StatusOr<std::string> Train(const std::unordered_map<std::string, std::string>& options) const;

  // A loaded model: thread-safe. Owned by the caller, who ends it with Destroy.
  struct Processor;
  absl::StatusOr<Processor*> Load(std::string_view model) const;
  void Destroy(Processor* processor) const;
  absl::Status Encode(const Processor* processor, std::string_view text, std::vector<int>* ids) const;
  int PieceCount(const Processor* processor) const;

 private:
  class LibraryStatus;
  SentencePieceLibrary() = default;

  LibraryStatus (*train_)(const std::unordered_map<std::string, std::string>& options, void* sentences,
                          std::string* model) = nullptr;
  void (*construct_)(void* processor) = nullptr;
  void (*destruct_)(void* processor) = nullptr;
  LibraryStatus (*load_)(void* processor, std::string_view model) = nullptr;
  LibraryStatus (*encode_)(const void* processor, std::string_view text, std::vector<int>* ids) = nullptr;
  int (*piece_count_)(const void* processor) = nullptr;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_SENTENCEPIECE_LIBRARY_H_
