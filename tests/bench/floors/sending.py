"""The floor of sending: the bare loop of claim, commit `sending`, SMTP, commit `sent`, over a table of its own.

It keeps the one guarantee that costs: a message is committed as `sending` before it is handed over, and marked before
the next one is. Frozen: the product never imports it. Run as a process with a database URL and the sink's port.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time

import psycopg

TABLE = """
    DROP TABLE IF EXISTS bench_message;
    CREATE TABLE bench_message (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL, due_at timestamptz NOT NULL,
        address text NOT NULL, subject text NOT NULL, body text NOT NULL, sent_at timestamptz);
    CREATE INDEX bench_message_due ON bench_message (due_at, id) WHERE state = 'due'
"""
FILL = """
    INSERT INTO bench_message (state, due_at, address, subject, body)
    SELECT 'due', '2026-06-01T12:00Z', 'person' || n || '@customer.example', 'Hello ' || n, repeat('Good day. ', 40)
    FROM generate_series(1, %s) AS n
"""
CLAIM = """
    UPDATE bench_message SET state = 'claimed' WHERE id IN (
        SELECT id FROM bench_message WHERE state = 'due' ORDER BY due_at, id LIMIT 50 FOR UPDATE SKIP LOCKED)
    RETURNING id, address, subject, body
"""


def send(url: str, port: int) -> list[float]:
    """Be ready, wait for the word, and send all that is due; returns when it began and ended."""
    with psycopg.connect(url, autocommit=True) as connection, smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.time()
        while claimed := connection.execute(CLAIM).fetchall():
            for pk, address, subject, body in claimed:
                connection.execute("UPDATE bench_message SET state = 'sending' WHERE id = %s", [pk])
                mail = f"From: us@us.example\r\nTo: {address}\r\nSubject: {subject}\r\n\r\n{body}\r\n"
                server.mail("us@us.example")
                server.rcpt(address)
                server.data(mail)
                connection.execute("UPDATE bench_message SET state = 'sent', sent_at = now() WHERE id = %s", [pk])
        return [began, time.time()]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(send(sys.argv[1], int(sys.argv[2]))) + "\n")
