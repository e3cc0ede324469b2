"""Types command lines into a shell on a terminal, presses TAB, and checks what it
proposes: complete.py SHELL COMMAND…, with completion installed for that shell."""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

PATIENCE = 20  # seconds that a shell may take to answer
PROMPT = "READY> "

# What is typed before TAB, and words that appear. None is in what is typed, which
# comes back too.
CASES = [
    ("fanout re", ["register", "resume"]),
    ("fanout hook --starting-position ", ["LATEST", "TRIM_HORIZON", "AT_TIMESTAMP="]),
    ("fanout list --output ", ["table", "json", "yaml"]),
    ("fanout register red", ["redis"]),
    ("fanout completion po", ["powershell"]),
    ("fanout run --check", ["--checkpoint"]),
]


class Shell:
    def __init__(self, command):
        self.terminal, child = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=child, stdout=child, stderr=child, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(child)

    def until(self, words):
        """Reads until all words appeared, and returns those that did not."""
        seen, end = "", time.monotonic() + PATIENCE
        missing = list(words)
        while missing and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    seen += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:
                    break
            plain = re.sub(r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])|[\r\x00]", "", seen)
            missing = [w for w in missing if w not in plain]
        return missing

    def type(self, text):
        os.write(self.terminal, text.encode())

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.terminal)


def main(name, command):
    failed = False
    for typed, words in CASES:
        shell = Shell(command)
        try:
            missing = shell.until([PROMPT])
            if not missing:
                shell.type(typed + "\t")
                time.sleep(0.5)  # bash lists what is ambiguous at the second TAB only
                shell.type("\t")
                missing = shell.until(words)
        finally:
            shell.close()
        if missing:
            print(f"{name}: {typed!r} TAB: no {', '.join(missing)}", file=sys.stderr)
            failed = True
    if failed:
        sys.exit(1)
    print(f"{name} completes {len(CASES)} command lines")


main(sys.argv[1], sys.argv[2:])
