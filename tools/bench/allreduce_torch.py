"""One process of PyTorch in tools/bench/allreduce: as allreduce_rank.cc, with its gloo.

    python3 allreduce_torch.py RANK SIZE FOLDER
"""

import datetime
import sys
import time

import torch
import torch.distributed as distributed


def main():
    rank, size, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method="file://%s/torch" % folder, rank=rank, world_size=size,
                                   timeout=datetime.timedelta(seconds=60))
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        _, _, floats, iterations = line.split()
        values = torch.full((int(floats),), 1.0)
        distributed.all_reduce(values)
        begin, processor = time.perf_counter(), time.process_time()
        for _ in range(int(iterations)):
            distributed.all_reduce(values)
        print("seconds", (time.perf_counter() - begin) / int(iterations),
              (time.process_time() - processor) / int(iterations), flush=True)


if __name__ == "__main__":
    main()
