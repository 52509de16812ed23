"""The child process that is our half of a benchmark: a command line in, an answer line out."""
import os
import subprocess
import sys


class Ours:
    def __init__(self, program):
        self.name = os.path.basename(program)
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def words(self, *command):
        print(*command, file=self.child.stdin, flush=True)
        answer = self.child.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} failed")
        return answer.split()

    def numbers(self, *command):
        return [float(word) for word in self.words(*command)]

    def close(self):
        self.child.stdin.close()
        if self.child.wait():
            sys.exit(f"{self.name} failed")
