// The row exchange of seed80m alone: what 2 servers and 2 workers achieve on this machine when nothing is computed,
// with all that training needs (CRC32C, parts applied exactly once, versions that wait for every part), against what
// bare gRPC and bare sockets do with the same bytes in the same run.
//
//   bazel build -c opt //server:pumasi-server //tools/bench:exchange
//   taskset -c 0,1 bazel-bin/tools/bench/exchange [--seconds N] [--repeat N] [--json FILE]
#include <grpc/grpc.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/bench/exchange_counters.h"
#include "tools/bench/exchange_flags.h"
#include "tools/bench/exchange_limits.h"
#include "tools/bench/exchange_pieces.h"
#include "tools/bench/exchange_worker.h"
#include "tools/bench/measure.h"
#include "tools/cli/embedded_cluster.h"

namespace pumasi {
namespace {

// ps-lite's figure: not measured here. Its exchanges were of about as many rows as 64 rows of text have ids.
constexpr double kPsLiteExchanges = 293, kPsLiteGoal = 1.5;
constexpr uint32_t kPsLiteRows = 64;
const char kNotes[] = R"(
An exchange: one worker pulls its ids' rows and pushes their gradients; those of all workers count. GB/s: both ways.
of gRPC, of sockets: exchanges against those of the same bytes without CRC, tables, marks and waiting, in this run.
server ms, worker ms: processor time an exchange, of all servers or all workers together.
serve, take, apply ms: how long, by the clock, a server has its job's lock for a pull, for a push, and for a push that
completes a batch, which is applied.
of ps-lite: its exchanges of about 1,560 rows, with plain SGD and no checks, by 2 servers and 2 workers, were 293 a
second (1.1 GB/s): a constant, seen on 2 cores of another run of the same kind of machine, NOT measured in this run.
)";

struct Piece {
  std::string name;
  ExchangeShape shape;
  std::string limit;  // "socket", "echo": that of the shape; empty: the exchange itself
  ExchangeSize size;
  std::vector<ExchangeResult> results = {};
};

absl::StatusOr<std::vector<Piece>> MakePieces(const ExchangeFlags& flags) {
  std::vector<Piece> pieces;
  for (const uint32_t some : flags.rows) {
    for (const bool dense : {false, true}) {
      const ExchangeShape shape{some, dense};
      const auto size = SizeOf(shape);
      if (!size.ok()) return size.status();
      const std::string name =
          absl::StrCat(some, " rows of text, ", static_cast<int>(size->ids), " ids", dense ? " + dense" : "", ": ");
      pieces.push_back({name + "bare sockets", shape, "socket", *size});
      pieces.push_back({name + "bare gRPC", shape, "echo", *size});
      for (const char* optimizer : {"sgd", "adam"}) {
        pieces.push_back({name + optimizer, {some, dense, optimizer}, "", *size});
      }
    }
  }
  std::erase_if(pieces, [&](const Piece& piece) { return piece.name.find(flags.only) == std::string::npos; });
  if (pieces.empty()) return absl::InvalidArgumentError("--only: no piece has \"" + flags.only + "\" in its name");
  return pieces;
}

absl::Status RunTurn(const ExchangeFlags& flags, std::vector<Piece>& pieces) {
  const absl::Duration length = absl::Seconds(flags.seconds);
  for (Piece& piece : pieces) {
    auto result = piece.limit.empty() ? MeasureExchange(piece.shape, length, flags.bin)
                                      : MeasureLimit(piece.limit, piece.size.leg, length);
    if (!result.ok()) {
      return absl::Status(result.status().code(), absl::StrCat(piece.name, ": ", result.status().message()));
    }
    piece.results.push_back(*std::move(result));
  }
  return absl::OkStatus();
}

template <typename Number>
double Median(const Piece& piece, Number number) {
  std::vector<double> values;
  for (const ExchangeResult& result : piece.results) values.push_back(number(result));
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

double Exchanges(const Piece& piece) {
  return Median(piece, [](const ExchangeResult& result) { return result.rates.exchanges; });
}

// Of the limit of this kind for the piece; "" if that was not measured, or is the piece itself.
std::string OfLimit(const std::vector<Piece>& pieces, const Piece& piece, const std::string& limit) {
  const auto same = [&](const Piece& other) {
    return other.limit == limit && other.shape.rows == piece.shape.rows && other.shape.dense == piece.shape.dense;
  };
  const auto found = std::find_if(pieces.begin(), pieces.end(), same);
  return found == pieces.end() || piece.limit == limit || piece.limit == "socket"
             ? ""
             : Fixed(Exchanges(piece) / Exchanges(*found), 2);
}

Report MakeReport(const std::vector<Piece>& pieces) {
  Report report({"what", "exchanges/s", "GB/s", "of gRPC", "of sockets", "of ps-lite", "at least", "server ms",
                 "worker ms", "serve ms", "take ms", "apply ms"});
  for (const Piece& piece : pieces) {
    const double exchanges = Exchanges(piece);
    const bool peer = piece.limit.empty() && !piece.shape.dense && piece.shape.rows == kPsLiteRows;
    const auto ms = [&](auto number) { return Fixed(1e3 * Median(piece, number), 2); };
    const auto locked_ms = [&](auto number) { return piece.limit.empty() ? ms(number) : ""; };
    report.Add({piece.name, Fixed(exchanges, 0),
                Fixed(Median(piece, [](const ExchangeResult& r) { return r.rates.bytes; }) / 1e9, 2),
                OfLimit(pieces, piece, "echo"), OfLimit(pieces, piece, "socket"),
                peer ? Fixed(exchanges / kPsLiteExchanges, 2) : "",
                peer && piece.shape.optimizer == "sgd" ? Fixed(kPsLiteGoal, 1) : "",
                ms([](const ExchangeResult& r) { return r.rates.server_seconds; }),
                ms([](const ExchangeResult& r) { return r.rates.client_seconds; }),
                locked_ms([](const ExchangeResult& r) { return r.serve; }),
                locked_ms([](const ExchangeResult& r) { return r.take; }),
                locked_ms([](const ExchangeResult& r) { return r.apply; })});
  }
  return report;
}

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "exchange: %s\n", std::string(status.message()).c_str());
  if (absl::IsCancelled(status)) return kExitInterrupted;
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ? kExitBadInput : kExitFailed;
}

int Measure(const ExchangeFlags& flags) {
  Shutdown::Install();
  grpc_init();  // until the process ends: its own end, between pieces, takes long
  if (const auto program = FindDaemon("pumasi-server", flags.bin); !program.ok()) return Complain(program.status());
  auto pieces = MakePieces(flags);
  if (!pieces.ok()) return Complain(pieces.status());
  for (int turn = 0; turn < flags.repeat; ++turn) {
    std::fprintf(stderr, "turn %d of %d\n", turn + 1, flags.repeat);
    if (absl::Status status = RunTurn(flags, *pieces); !status.ok()) return Complain(status);
  }
  std::printf("%u servers and %u workers on %u processors; medians of %d turns of %g s\n\n", kExchangeServers,
              kExchangeClients, std::thread::hardware_concurrency(), flags.repeat, flags.seconds);
  const Report report = MakeReport(*pieces);
  report.Print();
  std::printf("%s", kNotes);
  if (flags.json.empty() || report.WriteJson(flags.json)) return kExitOk;
  return Complain(absl::InternalError("cannot write " + flags.json));
}

int RunChild(const ExchangeFlags::Child& child) {
  const auto socket_of = [&](uint32_t server) { return absl::StrCat(child.folder, "/server-", server, ".sock"); };
  std::vector<std::string> sockets;
  for (uint32_t server = 0; server < kExchangeServers; ++server) sockets.push_back(socket_of(server));
  absl::Status status = absl::InvalidArgumentError("--as " + child.role + " is no role");
  if (child.role == "worker") {
    status = RunExchangeWorker(child.folder, child.number);
  } else if (child.role == "echo-server") {
    status = RunEchoServer(child.folder, child.number, socket_of(child.number), child.bytes);
  } else if (child.role == "echo-client") {
    status = RunEchoClient(child.folder, child.number, sockets, child.bytes);
  } else if (child.role == "socket-server") {
    status = RunSocketServer(child.folder, child.number, socket_of(child.number), child.bytes);
  } else if (child.role == "socket-client") {
    status = RunSocketClient(child.folder, child.number, sockets, child.bytes);
  }
  return Complain(status);
}

int Main(int argc, char** argv) {
  ExchangeFlags flags;
  if (const auto code = ParseExchangeFlags(argc, argv, &flags)) return *code;
  return flags.child.role.empty() ? Measure(flags) : RunChild(flags.child);
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
