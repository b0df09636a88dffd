"""A power meter that does not exist: answers SCPI over TCP or a terminal, and misbehaves on request.

    scpi_meter.py tcp|pty MODE

Prints the port or the terminal's path on its first line. MODE is one of
  steady    1 mW with a small ripple
  hangup    closes the line at the 12th reading
  silent    does not answer from the 12th reading on
  garbage   every 10th reading is no number
  over      every 10th reading is SCPI's infinity
  deaf      does not answer at all
"""

import os
import socket
import sys
import tty


class Meter:
    def __init__(self, mode):
        self.mode = mode
        self.wavelength = "635"
        self.readings = 0

    def reading(self):
        self.readings += 1
        n = self.readings
        if self.mode == "hangup" and n >= 12:
            raise EOFError
        if self.mode == "silent" and n >= 12:
            return None
        if n % 10 == 0 and self.mode == "garbage":
            return "-113,\"Undefined header\""
        if n % 10 == 0 and self.mode == "over":
            return "9.90000000E+37"
        return "%.8E" % (1e-3 * (1.0 + 1e-3 * ((n * 7) % 5 - 2)))

    def answer(self, line):
        """The reply to `line`, or None."""
        if self.mode == "deaf":
            return None
        if line == "*IDN?":
            return "Thorlabs,Simulated meter,P0001,1.0"
        if line == "SYST:SENS:IDN?":
            return "S000,98765,01-Jan-2026,1,18,33"
        if line == "SENS:POW:UNIT?":
            return "W"
        if line.startswith("SENS:CORR:WAV "):
            self.wavelength = line.split()[1]
            return None
        if line == "SENS:CORR:WAV?":
            return self.wavelength
        return self.reading() if line == "MEAS:POW?" else None


def serve(meter, read, write):
    buffer = b""
    try:
        while True:
            got = read()
            if not got:
                return
            buffer += got
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                reply = meter.answer(line.decode().strip())
                if reply is not None:
                    write((reply + "\r\n").encode())
    except (EOFError, OSError):
        return


def main():
    meter = Meter(sys.argv[2])
    if sys.argv[1] == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as server:
            print(server.getsockname()[1], flush=True)
            line, _ = server.accept()
            with line:
                serve(meter, lambda: line.recv(4096), line.sendall)
        return
    master, terminal = os.openpty()
    tty.setraw(terminal)
    tty.setraw(master)
    print(os.ttyname(terminal), flush=True)
    serve(meter, lambda: os.read(master, 4096), lambda data: os.write(master, data))


if __name__ == "__main__":
    main()
