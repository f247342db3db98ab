"""True counts of tokens, by public tokenizers that lie in Aider's environment.

They are not ours to import: a child with that environment's interpreter counts, one JSON line in,
one out. `cl100k` and `o200k` are those of two families of models, `claude2` that of a third.
"""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = ("cl100k", "o200k", "claude2")
_CHILD = r"""
import json, os, sys
from importlib.util import find_spec
from pathlib import Path
place = Path(find_spec("litellm").origin).parent / "litellm_core_utils/tokenizers"
os.environ["TIKTOKEN_CACHE_DIR"] = str(place)
import tiktoken
from tokenizers import Tokenizer
cl, o2 = tiktoken.get_encoding("cl100k_base"), tiktoken.get_encoding("o200k_base")
third = Tokenizer.from_file(str(place / "anthropic_tokenizer.json"))
for line in sys.stdin:
    text = json.loads(line)
    counts = (len(cl.encode_ordinary(text)), len(o2.encode_ordinary(text)),
              len(third.encode(text, add_special_tokens=False).ids))
    print(json.dumps(counts), flush=True)
"""


@contextmanager
def true_counter():
    """Yield a function from a text to its counts, in the order of `NAMES`; None without them."""
    python = ROOT / ".venv-aider/bin/python"
    if not python.exists():
        yield None
        return
    child = subprocess.Popen(
        [python, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def count(text):
        child.stdin.write(json.dumps(text) + "\n")
        child.stdin.flush()
        return dict(zip(NAMES, json.loads(child.stdout.readline()), strict=True))

    try:
        yield count
    finally:
        child.stdin.close()
        child.wait()
