"""A long run of questions: python -m tests.oracle [COUNT] [SEED]"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.oracle import beds, dialogue
from tests.oracle.questions import Questions, Worlds

CHUNK = 20_000
# Of a hundred questions, how many are about whole control planes.
WORLDS = 10


def chunk(kind: type[Questions], seed: int, count: int) -> dialogue.Tally:
    return dialogue.compare(beds.build("argocd"), kind(seed).lines(count))


def main(count: int, seed: int) -> int:
    beds.build("argocd")
    total = dialogue.Tally()
    about_worlds = count * WORLDS // 100
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(chunk, Questions, seed + start, CHUNK) for start in range(0, count - about_worlds, CHUNK)]
        running += [pool.submit(chunk, Worlds, seed + start, min(CHUNK, about_worlds)) for start in range(0, about_worlds, CHUNK)]
        for number, future in enumerate(running, 1):
            total.include(future.result())
            if sys.stderr.isatty():
                print(f"\r{number} of {len(running)} parts", end="", file=sys.stderr)
    print(total.table(), end="")
    for found in total.disagreements[:20]:
        print(f"argocd: {found.argocd}  gitguard: {found.gitguard}  asked: {found.ask}  of: {found.project}"[:600])
    return 1 if total.disagreements else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
