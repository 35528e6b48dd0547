#include "worker/input/csv_ranges.h"

#include <algorithm>
#include <cstring>

#include "worker/input/parallel.h"

namespace pumasi {
namespace {

constexpr uint64_t kNone = ~uint64_t{0};

// What CsvScanner would do in a piece: does it leave the piece inside quotes, and where does its first record begin?
struct PieceScan {
  bool ends_quoted = false;
  uint64_t first_record = kNone;
};

const char* FindByte(const char* p, const char* end, char byte) {
  const void* found = p < end ? std::memchr(p, byte, end - p) : nullptr;
  return found != nullptr ? static_cast<const char*>(found) : end;
}

// Scans [begin, end) of `file`, which begins after a line feed (or at a record's begin) and ends after one or at the
// end of the file. `quoted`: it begins inside a quoted field. Follows CsvScanner's rules quote by quote.
PieceScan ScanPiece(std::string_view file, uint64_t begin, uint64_t end, bool quoted) {
  const char* const piece = file.data() + begin;
  const char* const stop = file.data() + end;
  const char* p = piece;
  PieceScan scan;
  if (!quoted) scan.first_record = begin;
  // A record begins after the line feed at `feed`, if it lies in the piece.
  const auto note_record = [&](const char* feed) {
    if (scan.first_record == kNone && feed + 1 < stop) scan.first_record = feed + 1 - file.data();
  };
  while (p < stop) {
    const char* const quote = FindByte(p, stop, '"');
    if (!quoted) {
      if (scan.first_record == kNone) {
        if (const char* feed = FindByte(p, quote, '\n'); feed < quote) note_record(feed);
      }
      if (quote == stop) break;
      // A quote opens a field only where the field begins: after a comma, after a line's end, or at the very begin.
      const bool opens = quote == piece || quote[-1] == ',' || quote[-1] == '\n';
      if (opens) {
        quoted = true;
        p = quote + 1;
        continue;
      }
    } else {
      if (quote == stop) break;
      const char* const after = quote + 1;
      if (after < stop && *after == '"') {
        p = after + 1;
        continue;
      }
      const bool line_ends =
          after == stop || *after == '\n' || (after + 1 < stop && after[0] == '\r' && after[1] == '\n');
      if (line_ends || *after == ',') {
        quoted = false;
        // A comma is stepped over so that the quote test above sees it before the next field.
        p = after;
        continue;
      }
    }
    // A faulty record ends with this line.
    const char* const feed = FindByte(quote, stop, '\n');
    quoted = false;
    note_record(feed);
    p = feed == stop ? stop : feed + 1;
  }
  scan.ends_quoted = quoted;
  return scan;
}

}  // namespace

std::vector<CsvRange> SplitCsvRanges(std::string_view file, uint64_t begin, size_t pieces, int threads) {
  // Cuts after line feeds: there a piece begins either at a record or inside a quoted field, nothing else.
  std::vector<uint64_t> cuts = {begin};
  const uint64_t size = file.size() - begin;
  for (size_t k = 1; k < pieces; ++k) {
    const uint64_t wish = begin + static_cast<uint64_t>(static_cast<unsigned __int128>(size) * k / pieces);
    const char* feed = FindByte(file.data() + wish, file.data() + file.size(), '\n');
    const uint64_t cut = std::min<uint64_t>(feed + 1 - file.data(), file.size());
    if (cut > cuts.back() && cut < file.size()) cuts.push_back(cut);
  }
  cuts.push_back(file.size());

  std::vector<PieceScan> scans(cuts.size() - 1);
  // The last piece's end does not matter.
  if (scans.size() > 1) {
    RunParallel(scans.size() - 1, threads,
                [&](size_t k) { scans[k] = ScanPiece(file, cuts[k], cuts[k + 1], /*quoted=*/false); });
    scans.back() = {false, cuts[scans.size() - 1]};
  }

  std::vector<CsvRange> ranges;
  uint64_t range_begin = begin;
  bool quoted = scans[0].ends_quoted;
  for (size_t k = 1; k < scans.size(); ++k) {
    if (quoted) scans[k] = ScanPiece(file, cuts[k], cuts[k + 1], /*quoted=*/true);
    if (scans[k].first_record != kNone && scans[k].first_record > range_begin) {
      ranges.push_back({range_begin, scans[k].first_record});
      range_begin = scans[k].first_record;
    }
    quoted = scans[k].ends_quoted;
  }
  if (range_begin < file.size()) ranges.push_back({range_begin, file.size()});
  return ranges;
}

}  // namespace pumasi
