"""The outbox: messages written in the transaction that causes them, sent by a job."""
