-- The application role reads the ledger and calls its functions; it writes no ledger table. The owner migrates.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'obole_app') THEN
        CREATE ROLE obole_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this cluster is being migrated at the same moment
END $$;

