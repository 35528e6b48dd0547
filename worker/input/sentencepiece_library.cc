#include "worker/input/sentencepiece_library.h"

#include <dlfcn.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// It needs libsentencepiece.so.0, so both are opened.
constexpr char kLibraryName[] = "libsentencepiece_train.so.0";

// sentencepiece::SentencePieceProcessor of 0.1.97 takes 88 bytes; its ABI version pins that. Room to spare.
constexpr size_t kProcessorBytes = 1024;

// sentencepiece::util::Status's destructor and message.
void (*destroy_status)(void* status) = nullptr;
const char* (*status_message)(const void* status) = nullptr;

template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

}  // namespace

// sentencepiece::util::Status: one owned pointer, null where all is well. Like the original it has a destructor and so
// is returned through memory (Itanium C++ ABI).
class SentencePieceLibrary::LibraryStatus {
 public:
  LibraryStatus(const LibraryStatus&) = delete;
  ~LibraryStatus() { destroy_status(this); }

  absl::Status ToStatus() const {
    if (rep_ == nullptr) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("sentencepiece: ", status_message(this)));
  }

 private:
  void* rep_ = nullptr;
};

struct SentencePieceLibrary::Processor {
  alignas(std::max_align_t) std::byte bytes[kProcessorBytes];
};

absl::StatusOr<const SentencePieceLibrary*> SentencePieceLibrary::Get() {
  static const auto* const result = [] {
    using Result = absl::StatusOr<const SentencePieceLibrary*>;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return new Result(absl::UnavailableError("sentencepiece cannot be used in a build with a sanitizer"));
#else
    void* const library = dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (library == nullptr) {
      const char* const reason = dlerror();
      return new Result(absl::UnavailableError(absl::StrCat("cannot open ", kLibraryName, " (",
                                                            reason != nullptr ? reason : "no reason given",
                                                            "); on Debian: apt-get install libsentencepiece0")));
    }
    std::unique_ptr<SentencePieceLibrary> calls(new SentencePieceLibrary());
    const bool found =
        Find(library, "_ZN13sentencepiece4util6StatusD1Ev", &destroy_status) &&
        Find(library, "_ZNK13sentencepiece4util6Status13error_messageEv", &status_message) &&
        // SentencePieceTrainer::Train(unordered_map<string, string> const&, SentenceIterator*, string*)
        Find(library,
             "_ZN13sentencepiece20SentencePieceTrainer5TrainERKSt13unordered_mapINSt7__cxx1112basic_stringIcSt11char_"
             "traitsIcESaIcEEES7_St4hashIS7_ESt8equal_toIS7_ESaISt4pairIKS7_S7_EEEPNS_16SentenceIteratorEPS7_",
             &calls->train_) &&
        Find(library, "_ZN13sentencepiece22SentencePieceProcessorC1Ev", &calls->construct_) &&
        Find(library, "_ZN13sentencepiece22SentencePieceProcessorD1Ev", &calls->destruct_) &&
        Find(library,
             "_ZN13sentencepiece22SentencePieceProcessor23LoadFromSerializedProtoESt17basic_string_viewIcSt11char_"
             "traitsIcEE",
             &calls->load_) &&
        // SentencePieceProcessor::Encode(string_view, vector<int>*) const
        Find(library,
             "_ZNK13sentencepiece22SentencePieceProcessor6EncodeESt17basic_string_viewIcSt11char_traitsIcEEPSt6vectorIi"
             "SaIiEE",
             &calls->encode_) &&
        Find(library, "_ZNK13sentencepiece22SentencePieceProcessor12GetPieceSizeEv", &calls->piece_count_);
    if (!found) {
      return new Result(absl::UnavailableError(
          absl::StrCat(kLibraryName, " lacks calls of version 0.1.97; install Debian 12's libsentencepiece0")));
    }
    return new Result(calls.release());
#endif
  }();
  return *result;
}

absl::StatusOr<std::string> SentencePieceLibrary::Train(
    const std::unordered_map<std::string, std::string>& options) const {
  std::string model;
  const LibraryStatus status = train_(options, nullptr, &model);
  if (absl::Status result = status.ToStatus(); !result.ok()) return result;
  return model;
}

absl::StatusOr<SentencePieceLibrary::Processor*> SentencePieceLibrary::Load(std::string_view model) const {
  auto processor = std::make_unique<Processor>();
  construct_(processor->bytes);
  absl::Status result;
  {
    const LibraryStatus status = load_(processor->bytes, model);
    result = status.ToStatus();
  }
  if (!result.ok()) {
    destruct_(processor->bytes);
    return result;
  }
  return processor.release();
}

void SentencePieceLibrary::Destroy(Processor* processor) const {
  destruct_(processor->bytes);
  delete processor;
}

absl::Status SentencePieceLibrary::Encode(const Processor* processor, std::string_view text,
                                          std::vector<int>* ids) const {
  const LibraryStatus status = encode_(processor->bytes, text, ids);
  return status.ToStatus();
}

int SentencePieceLibrary::PieceCount(const Processor* processor) const { return piece_count_(processor->bytes); }

}  // namespace pumasi
