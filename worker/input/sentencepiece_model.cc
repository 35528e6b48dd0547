#include "worker/input/sentencepiece_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

// The trainer adds up floating-point numbers of its threads in their order: a fixed number of threads, whatever the
// machine has, keeps the model the same.
constexpr int kTrainerThreads = 8;

}  // namespace

absl::StatusOr<std::string> TrainSentencePiece(std::string_view lines, uint32_t vocabulary) {
  const absl::StatusOr<const SentencePieceLibrary*> library = SentencePieceLibrary::Get();
  if (!library.ok()) return library.status();
  // The trainer reads files by name and takes a comma in a name for the end of it: give it a file without a name.
  const int file = memfd_create("pumasi-sentences", MFD_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, "sentencepiece's input", "make");
  for (std::string_view rest = lines; !rest.empty();) {
    const ssize_t written = write(file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(file);
      return ErrnoStatus(error, "sentencepiece's input", "write");
    }
    rest.remove_prefix(written);
  }
  absl::StatusOr<std::string> model = (*library)->Train({
      {"input", absl::StrCat("/proc/self/fd/", file)},
      {"model_type", "unigram"},
      {"vocab_size", absl::StrCat(vocabulary)},
      {"hard_vocab_limit", "false"},
      {"pad_id", "0"},
      {"unk_id", "1"},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"num_threads", absl::StrCat(kTrainerThreads)},
      {"minloglevel", "2"},
  });
  close(file);
  if (!model.ok()) {
    return absl::Status(model.status().code(),
                        absl::StrCat("tokenizer.vocabulary ", vocabulary, ": ", model.status().message()));
  }
  return model;
}

absl::StatusOr<std::unique_ptr<SentencePieceModel>> SentencePieceModel::Load(std::string_view model) {
  const absl::StatusOr<const SentencePieceLibrary*> library = SentencePieceLibrary::Get();
  if (!library.ok()) return library.status();
  absl::StatusOr<SentencePieceLibrary::Processor*> processor = (*library)->Load(model);
  if (!processor.ok()) return processor.status();
  return std::unique_ptr<SentencePieceModel>(new SentencePieceModel(*library, *processor));
}

SentencePieceModel::~SentencePieceModel() { library_->Destroy(processor_); }

}  // namespace pumasi
