-- What the application role may do: everything outside the ledger, and inside it read and call. Run after every
-- migrate by the role that migrates, which owns the tables; safe to repeat. The functions that run with the owner's
-- rights are the ones to call; immutable ones only calculate; the others are inner works.

DO $$
DECLARE
    name text;
BEGIN
    GRANT USAGE ON SCHEMA public TO obole_app;
    FOR name IN
        SELECT quote_ident(c.relname) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
    LOOP
        IF name LIKE 'ledger\_%' OR name = 'django_migrations' THEN
            EXECUTE format('REVOKE ALL ON %s FROM obole_app, PUBLIC', name);
            EXECUTE format('GRANT SELECT ON %s TO obole_app', name);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO obole_app', name);
        END IF;
    END LOOP;
    FOR name IN
        SELECT quote_ident(c.relname) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S' AND c.relname NOT LIKE 'ledger\_%'
    LOOP
        EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO obole_app', name);
    END LOOP;
    FOR name IN
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'ledger\_%'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM obole_app, PUBLIC', name);
    END LOOP;
    FOR name IN
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'ledger\_%'
            AND (p.prosecdef OR p.provolatile = 'i')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO obole_app', name);
    END LOOP;
END $$;
