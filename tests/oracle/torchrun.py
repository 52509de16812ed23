"""torchrun, on Debian's PyTorch 1.13 too: there, Python 3.11 no longer finds an enum's member of value 0."""
import sys

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import Std

Std.from_str = classmethod(lambda cls, text: Std.NONE)
run.main(sys.argv[1:])
