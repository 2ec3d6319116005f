-- The ledger is append-only in the database itself, and each transaction sums to zero.
CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger_entry is append-only' USING ERRCODE = 'integrity_constraint_violation',
    CONSTRAINT = 'tr_ledger_entry_append_only', TABLE = 'ledger_entry';
END
$$;

CREATE OR REPLACE FUNCTION ledger_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(e.amount_cents) FROM ledger_entry e
       WHERE e.transaction_id = NEW.transaction_id) <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % is not balanced', NEW.transaction_id
      USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'tr_ledger_entry_balanced', TABLE = 'ledger_entry';
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER tr_ledger_entry_append_only
  BEFORE UPDATE OR DELETE ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();

CREATE OR REPLACE TRIGGER tr_ledger_entry_no_truncate
  BEFORE TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

DROP TRIGGER IF EXISTS tr_ledger_entry_balanced ON ledger_entry;
CREATE CONSTRAINT TRIGGER tr_ledger_entry_balanced
  AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_is_balanced();
