"""How many real, young faults the prompt shows, beside `git log -p -U10` of the same size.

`python -m tests.bench.faults DIRECTORY [OWNER/NAME…]`: below DIRECTORY lie bare repositories at
`OWNER+NAME/repo`. What was mined and shown is kept below `--keep`, so that a run can be taken up
again. `--half first` looks at every second repository, `--half second` at those held out.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import anyio

from daydreamd.context.survey import survey_workspace
from daydreamd.records.reflected import Before
from daydreamd.records.workspace import Workspace
from daydreamd.reflection.composition import Material, compose_prompt
from daydreamd.reflection.tokens import estimated
from tests.bench.mining import Repository, day, mined
from tests.bench.true_tokens import true_counter

REPOSITORIES = (
    ("junegunn/fzf", "Go"), ("jesseduffield/lazygit", "Go"),
    ("tmux/tmux", "C"), ("helix-editor/helix", "Rust"),
    ("vitejs/vite", "TypeScript"), ("square/okhttp", "Kotlin"),
    ("rubocop/rubocop", "Ruby"), ("jekyll/jekyll", "Ruby"),
    ("composer/composer", "PHP"), ("symfony/symfony", "PHP"),
    ("pytest-dev/pytest", "Python"), ("ansible/ansible", "Python"),
)  # fmt: skip
BUDGETS = (16_000, 32_000)
WEEK = 7 * 86_400


def main():
    """Print a table of faults, and how many each way shows."""
    asked = _arguments()
    names = asked.names or [name for name, _ in REPOSITORIES]
    if asked.half != "all" and not asked.names:
        names = names[asked.half == "second" :: 2]
    totals = {}
    with true_counter() as count:
        for name in names:
            for fault, shares in _of_repository(name, asked, count):
                _tell(fault, shares)
                for way, share in shares.items():
                    totals.setdefault(way, []).append(share)
    _sum_up(totals)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", metavar="OWNER/NAME")
    parser.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir(), "daydreamd-faults")
    )
    parser.add_argument("--faults", type=int, default=8, help="of each repository")
    parser.add_argument("--half", choices=("first", "second", "all"), default="all")
    return parser.parse_args()


def _of_repository(name, asked, count):
    asked.keep.mkdir(parents=True, exist_ok=True)
    plain = name.replace("/", "+")
    bare = asked.directory / plain / "repo"
    bare = bare / ".git" if (bare / ".git").is_dir() else bare
    faults = mined(Repository(name, bare), asked.faults, asked.keep / f"{plain}.json")
    tree = asked.keep / "trees" / plain
    if faults and not tree.exists():
        _git(asked.keep, "clone", "-q", "--shared", "--no-checkout", str(bare), str(tree))
    by_log = _Stored(asked.keep / f"{plain}.log.json")
    for fault in faults:
        _git(tree, "checkout", "-q", "-f", fault.stand)
        shares = anyio.run(_shown_by_us, fault, tree)
        shares |= by_log.get(fault.fix, lambda f=fault: _shown_by_log(f, tree, count))
        yield fault, shares


class _Stored:
    """Results of an earlier run, as far as they cannot change."""

    def __init__(self, file):
        self._file = file
        self._known = json.loads(file.read_text()) if file.exists() else {}

    def get(self, key, make):
        if key not in self._known:
            self._known[key] = make()
            self._file.write_text(json.dumps(self._known))
        return self._known[key]


async def _shown_by_us(fault, tree):
    """The share of the faulty lines in the prompt, by budget."""
    workspace = Workspace(name="it", path=str(tree))
    with tempfile.TemporaryDirectory() as place:
        scratch, cache = Path(place, "scratch"), Path(place, "cache")
        scratch.mkdir()
        survey = await survey_workspace(
            workspace,
            scratch=scratch,
            cache=cache,
            now=fault.night,
            seconds=120,
            before=Before(),
        )
    material = Material(workspace_analysis={"it": survey.facts}, excerpts=survey.excerpts)
    shares = {}
    for budget in BUDGETS:
        prompt = await compose_prompt(material, budget_tokens=budget, count_tokens=estimated)
        shown = {
            (one.path, number)
            for one in prompt.excerpts
            for number in range(one.first_line, one.first_line + one.text.count("\n") + 1)
        }
        shares[f"ours {budget}"] = _share((fault.path, line) in shown for line in fault.lines)
    return shares


def _shown_by_log(fault, tree, count):
    """The same for the week's patches, newest first, cut at the budget."""
    since = f"--since=@{fault.night - WEEK}"
    log = _git(tree, "log", "-p", "-U10", "--no-color", since, fault.stand)
    shares = {}
    for budget in BUDGETS:
        shown = _patch_lines(_cut(log, budget, count)).get(fault.path, set())
        shares[f"log {budget}"] = _share(text.strip() in shown for text in fault.texts)
    return shares


def _cut(text, budget, count):
    """The front of `text` that has `budget` tokens."""
    low, high = 0, min(len(text), budget * 8)
    while high - low > 200:
        middle = (low + high) // 2
        if (count(text[:middle])["cl100k"] if count else middle // 3.3) <= budget:
            low = middle
        else:
            high = middle
    return text[:low]


def _patch_lines(patch):
    found, path = {}, None
    for line in patch.split("\n"):
        if line.startswith("+++ "):
            path = line[6:]
        elif line[:1] in ("+", " ") and path:
            found.setdefault(path, set()).add(line[1:].strip())
    return found


def _share(seen):
    flags = list(seen)
    return sum(flags) / len(flags)


def _git(directory, *arguments):
    done = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def _tell(fault, shares):
    said = "  ".join(f"{way} {share:4.0%}" for way, share in shares.items())
    what = f"{fault.repository:<24}{day(fault.night)}  {fault.fix[:9]}"
    print(f"{what}  {said}  {fault.subject[:50]}", flush=True)


def _sum_up(totals):
    for way, shares in totals.items():
        half, whole = (sum(one >= least for one in shares) for least in (0.5, 1.0))
        print(f"{way:<12} shown {half} of {len(shares)} = {half / len(shares):.0%}"
              f"   (every faulty line: {whole / len(shares):.0%})")  # fmt: skip


if __name__ == "__main__":
    main()
