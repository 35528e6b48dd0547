#include "worker/input/cache_entry.h"

#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/crc32c.h"
#include "common/file.h"

namespace pumasi {
namespace {

// "entry" is text:
//   pumasi input cache 1
//   summary <v1::DataSummary, serialised, in hexadecimal digits>
//   asset <name> <size> <CRC32C>          (one line each)
//   end <CRC32C of all lines before>
constexpr char kEntryFile[] = "entry";
constexpr char kFirstLine[] = "pumasi input cache 1";
constexpr uint64_t kMaxEntryBytes = 1 << 20;
constexpr uint64_t kMaxAssetBytes = uint64_t{64} << 30;

absl::Status Damaged(const std::string& folder, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(folder, " is damaged: ", what));
}

absl::Status CheckAsset(const std::string& folder, const std::string& name, absl::string_view size,
                        absl::string_view crc) {
  if (name.empty() || name[0] == '.' || absl::StrContains(name, "/")) return Damaged(folder, "an asset's name");
  absl::StatusOr<std::string> contents = ReadFile(RealFiles(), absl::StrCat(folder, "/", name), kMaxAssetBytes);
  if (!contents.ok()) return Damaged(folder, contents.status().message());
  if (size != absl::StrCat(contents->size()) || crc != absl::StrCat(Crc32c(contents->data(), contents->size()))) {
    return Damaged(folder, absl::StrCat("checksum of ", name));
  }
  return absl::OkStatus();
}

absl::Status ReadEntryFile(const std::string& folder, CacheEntry* entry) {
  absl::StatusOr<std::string> text = ReadFile(RealFiles(), absl::StrCat(folder, "/", kEntryFile), kMaxEntryBytes);
  if (!text.ok()) return text.status();
  const size_t end = text->rfind("end ");
  if (end == std::string::npos || text->substr(end) != absl::StrCat("end ", Crc32c(text->data(), end), "\n")) {
    return Damaged(folder, "checksum of its list of files");
  }
  const std::vector<std::string> lines = absl::StrSplit(text->substr(0, end), '\n', absl::SkipEmpty());
  if (lines.size() < 2 || lines[0] != kFirstLine) return Damaged(folder, "its list of files is of another format");
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> words = absl::StrSplit(lines[i], ' ');
    if (words[0] == "summary" && words.size() == 2) {
      if (!entry->summary.ParseFromString(absl::HexStringToBytes(words[1]))) return Damaged(folder, "its summary");
    } else if (words[0] == "asset" && words.size() == 4) {
      if (absl::Status status = CheckAsset(folder, words[1], words[2], words[3]); !status.ok()) return status;
      entry->assets.push_back(words[1]);
    } else {
      return Damaged(folder, "a line of its list of files");
    }
  }
  return absl::OkStatus();
}

// Opens a file of encoded rows and compares it with the summary.
absl::StatusOr<std::unique_ptr<EncodedData>> OpenRows(const std::string& folder, const char* name, uint64_t rows,
                                                      const v1::DataSummary& summary) {
  absl::StatusOr<std::unique_ptr<EncodedData>> data = EncodedData::Open(absl::StrCat(folder, "/", name));
  if (!data.ok()) return Damaged(folder, data.status().message());
  const EncodedHeader& header = (*data)->header();
  if (header.rows != rows || header.vocabulary != summary.vocabulary() || header.classes != summary.classes()) {
    return Damaged(folder, absl::StrCat(name, " does not fit the summary"));
  }
  return data;
}

}  // namespace

absl::Status SealCacheEntry(const std::string& folder, const v1::DataSummary& summary,
                            const std::vector<std::string>& assets) {
  std::string text = absl::StrCat(kFirstLine, "\nsummary ", absl::BytesToHexString(summary.SerializeAsString()), "\n");
  for (const std::string& name : assets) {
    absl::StatusOr<std::string> contents = ReadFile(RealFiles(), absl::StrCat(folder, "/", name), kMaxAssetBytes);
    if (!contents.ok()) return contents.status();
    absl::StrAppend(&text, "asset ", name, " ", contents->size(), " ", Crc32c(contents->data(), contents->size()),
                    "\n");
  }
  absl::StrAppend(&text, "end ", Crc32c(text.data(), text.size()), "\n");
  return WriteFileDurably(RealFiles(), absl::StrCat(folder, "/", kEntryFile), text);
}

absl::StatusOr<CacheEntry> OpenCacheEntry(const std::string& folder) {
  const absl::StatusOr<bool> exists = RealFiles().Exists(folder);
  if (!exists.ok()) return exists.status();
  if (!*exists) return absl::NotFoundError(absl::StrCat("there is no ", folder));
  CacheEntry entry;
  if (absl::Status status = ReadEntryFile(folder, &entry); !status.ok()) {
    return absl::DataLossError(status.message());
  }
  const v1::DataSummary& summary = entry.summary;
  auto train = OpenRows(folder, kTrainRowsFile, summary.train_rows(), summary);
  if (!train.ok()) return train.status();
  entry.train = *std::move(train);
  if (summary.test_rows() > 0) {
    auto test = OpenRows(folder, kTestRowsFile, summary.test_rows(), summary);
    if (!test.ok()) return test.status();
    entry.test = *std::move(test);
  }
  return entry;
}

}  // namespace pumasi
