"""An Aider that does what Aider does at its worst; which deed, its own file name says.

It is installed by copying it to a file of that name with a first line that names a Python. It runs
in the scratch directory that daydreamd made, and leaves there what a test wants to see.
"""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

FOREVER = 600
PREAMBLE = """Detected dumb terminal, disabling fancy input and pretty output.

Aider v0.86.2
Model: openai/tiny with ask edit format
Git repo: none
Repo-map: disabled

"""


def say(text):
    print(text, end="", flush=True)


def sleep_on():
    while True:
        time.sleep(FOREVER)


def message():
    """What it is given to read, and what it is to do."""
    files = (sys.argv[sys.argv.index(flag) + 1] for flag in ("--read", "--message-file"))
    return "\n".join(Path(file).read_text() for file in files)


def answer():
    word = re.search(r"session word is (\S+)\.", message())[1]
    page = re.search(r"^<<<\S+ (\S+) lines (\d+)-", message(), re.MULTILINE)
    insight = {"title": "A title of an insight", "path": page[1], "line": int(page[2]), "body": "b"}
    return json.dumps({"session_word": word, "insights": [insight]})


def answers():
    say(f'{PREAMBLE}<think>shall I say {{"insights": []}}?</think>\n{answer()}\n\n')
    say("Tokens: 5.2k sent, 188 received.\n")


def answers_in_prose():
    say(f"{PREAMBLE}This code is fine.\n\nTokens: 5.2k sent, 188 received.\n")


def hits_its_limit():
    say(f"{PREAMBLE}{answer()[:-4]}\n\n\nModel openai/tiny has hit a token limit!\n")
    say("Token counts below are approximate.\n\nInput tokens: ~2,001 of 3,072\n")
    say("Output tokens: ~390 of 400 -- possibly exceeded output limit!\n")


def forgets_the_word():
    say(f'{PREAMBLE}{{"session_word": "what?", "insights": []}}\n\nTokens: 9 sent, 9 received.\n')


def stalls_in_mid_answer():
    say(PREAMBLE + answer()[:-10])
    sleep_on()


def breaks_in_mid_answer():
    say(PREAMBLE + answer()[:-10])
    sys.exit("out of breath")


def says_nothing():
    pass


def ends_in_an_error():
    say(f"{PREAMBLE}litellm.InternalServerError: InternalServerError: OpenAIException - oops\n")
    say("Retrying in 0.2 seconds...\n")


def gets_an_empty_response():
    say(f"{PREAMBLE}Empty response received from LLM. Check your provider account?\n")
    say("Tokens: 5.2k sent, 0 received.\n")


def claims_tokens():
    say(f"{PREAMBLE}Tokens: 5.2k sent, 188 received.\n")


def crashes():
    sys.exit("Traceback: cannot import name 'x'")


def ignores_term():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path("pids").write_text(f"{os.getpid()}\n")
    say(PREAMBLE)
    sleep_on()


def stops_itself():
    Path("pids").write_text(f"{os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGSTOP)


def escapes():
    """Three grandchildren in sessions of their own that ignore SIGTERM, one without environment."""
    stay = "import os,signal,time; signal.signal(15, signal.SIG_IGN)\n"
    stay += "open('pids', 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"
    for number in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                environment = {} if number == 0 else dict(os.environ)
                os.execve(sys.executable, [sys.executable, "-S", "-c", stay], environment)
            os._exit(0)
        os.wait()
    while not Path("pids").exists() or Path("pids").read_text().count("\n") < 3:
        time.sleep(0.01)
    answers()


def floods():
    while True:
        os.write(1, b"{" * (1 << 16))


def hogs():
    kept = []
    while True:
        kept.append(b"x" * (8 << 20))
        time.sleep(0.01)


def takes_no_interest():
    """Closes what it could read from, and goes on for a moment."""
    os.close(0)
    time.sleep(0.2)
    answers()


def looks_around():
    """Tries what a confined Aider must not be able to do, and leaves what it saw."""
    import socket

    seen = {"environment": dict(os.environ), "argv": sys.argv, "cwd": str(Path.cwd())}
    try:
        seen["secret"] = Path("../../secret").read_text()
    except OSError as error:
        seen["secret"] = type(error).__name__
    try:
        socket.create_connection(("127.0.0.1", int(Path("../port").read_text())), timeout=5).close()
        seen["other port"] = "connected"
    except OSError as error:
        seen["other port"] = type(error).__name__
    Path("seen.json").write_text(json.dumps(seen))
    answers()


if __name__ == "__main__":
    globals()[Path(sys.argv[0]).name]()
