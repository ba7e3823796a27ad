-- What stands in this database beside its rows: one line (kind, name, says) for everything that
-- decides who can change what. Read as any role; the same on PostgreSQL 15 to 18.

WITH ours AS ( -- what an extension brought is the extension's
    SELECT c.* FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
),
granted AS (
    SELECT 'table ' || relname AS what, relacl AS acl, relowner AS owner FROM ours
    WHERE relkind <> 'i'
    UNION ALL
    SELECT 'column ' || relname || '.' || attname, attacl, relowner
    FROM ours JOIN pg_attribute ON attrelid = ours.oid WHERE attnum > 0
    UNION ALL
    SELECT 'function ' || proname, coalesce(proacl, acldefault('f', proowner)), proowner
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'schema ' || nspname, nspacl, nspowner FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT 'database', coalesce(datacl, acldefault('d', datdba)), datdba
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'parameter ' || parname, paracl, 10 FROM pg_parameter_acl
    UNION ALL
    SELECT 'whatever ' || pg_get_userbyid(defaclrole) || ' makes, ' || defaclobjtype::text,
        defaclacl, 0 FROM pg_default_acl
),
rights AS (
    SELECT what, grantee, privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END AS may
    FROM granted, aclexplode(acl) WHERE grantee <> owner
),
said (kind, name, says) AS (
    SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
            ELSE 'relation' END,
        relname,
        concat_ws(' ', 'of', pg_get_userbyid(relowner),
            CASE WHEN relkind NOT IN ('r', 'v') THEN 'kind ' || relkind::text END,
            CASE WHEN relpersistence <> 'p' THEN 'not logged' END,
            CASE WHEN relrowsecurity THEN 'row security' END,
            CASE WHEN relforcerowsecurity THEN 'forced' END,
            CASE WHEN relkind = 'v' THEN
                array_to_string(reloptions, ' ') || ': ' -- PostgreSQL 15 qualifies each column
                || regexp_replace(pg_get_viewdef(oid), '\m\w+\.', '', 'g') END)
    FROM ours WHERE relkind <> 'i' AND NOT relispartition
    UNION ALL
    SELECT 'partition', c.relname,
        concat_ws(' ', 'of', pg_get_userbyid(c.relowner), 'in', i.inhparent::regclass::text,
            CASE WHEN c.relpersistence <> 'p' THEN 'not logged' END,
            CASE WHEN c.relrowsecurity THEN 'row security' END,
            pg_get_expr(c.relpartbound, c.oid))
    FROM ours c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relkind <> 'i' AND c.relispartition
    UNION ALL
    SELECT 'column', relname || '.' || attname,
        concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
            'default ' || pg_get_expr(adbin, adrelid), nullif(attidentity::text, ''),
            nullif(attgenerated::text, ''),
            CASE WHEN attcollation <> typcollation THEN
                'collate ' || (SELECT collname FROM pg_collation c WHERE c.oid = attcollation) END)
    FROM ours JOIN pg_attribute ON attrelid = ours.oid JOIN pg_type ON pg_type.oid = atttypid
        LEFT JOIN pg_attrdef ON adrelid = ours.oid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
    UNION ALL
    SELECT 'constraint', relname || '.' || conname,
        pg_get_constraintdef(k.oid) || CASE WHEN convalidated THEN '' ELSE ' not valid' END
    FROM pg_constraint k JOIN ours ON conrelid = ours.oid WHERE contype <> 'n'
    UNION ALL
    SELECT 'index', relname,
        pg_get_indexdef(indexrelid) || CASE WHEN indisvalid AND indisready AND indislive THEN '' ELSE ' invalid' END
    FROM pg_index JOIN ours ON indexrelid = ours.oid
    UNION ALL
    SELECT 'trigger', relname || '.' || tgname,
        CASE tgenabled WHEN 'A' THEN 'always' WHEN 'O' THEN 'on' WHEN 'D' THEN 'DISABLED'
            ELSE 'on replicas' END
            || regexp_replace(pg_get_triggerdef(t.oid), '^CREATE TRIGGER \S+', '')
    FROM pg_trigger t JOIN ours ON tgrelid = ours.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'rule', relname || '.' || rulename, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN ours ON ev_class = ours.oid WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', relname || '.' || polname,
        concat_ws(' ', polcmd::text, CASE WHEN polpermissive THEN '' ELSE 'restrictive' END, 'to',
            (SELECT string_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r) END, ', '
                               ORDER BY pg_get_userbyid(r)) FROM unnest(polroles) AS r),
            'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy JOIN ours ON polrelid = ours.oid
    UNION ALL
    SELECT 'function', proname,
        concat_ws(' ', '(' || pg_get_function_identity_arguments(oid) || ') of',
            pg_get_userbyid(proowner), 'gives', pg_get_function_result(oid), 'in',
            (SELECT lanname FROM pg_language l WHERE l.oid = prolang), provolatile::text,
            CASE WHEN proisstrict THEN 'strict' END, CASE WHEN proleakproof THEN 'leakproof' END,
            CASE WHEN prosecdef THEN 'with its owner''s rights' END,
            array_to_string(proconfig, ' '), 'md5',
            md5(prosrc || coalesce(pg_get_function_sqlbody(oid), '')))
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'schema', nspname, 'of ' || pg_get_userbyid(nspowner) FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
    UNION ALL
    SELECT 'database', 'owner', pg_get_userbyid(datdba) FROM pg_database
    WHERE datname = current_database()
    UNION ALL
    SELECT 'event trigger', evtname, evtevent FROM pg_event_trigger
    UNION ALL
    SELECT 'publication', pubname, 'of ' || pg_get_userbyid(pubowner) FROM pg_publication
    UNION ALL
    SELECT 'subscription', subname, 'of ' || pg_get_userbyid(subowner) FROM pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL -- whatever could stand in the place of what the server brings
    SELECT kind, name, 'is not PostgreSQL''s own' FROM (
        SELECT 'function', proname, 'pg_proc'::regclass, oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
        UNION ALL
        SELECT 'cast', format('%s to %s', castsource::regtype, casttarget::regtype),
            'pg_cast'::regclass, oid FROM pg_cast
        UNION ALL
        SELECT 'operator', oid::regoperator::text, 'pg_operator'::regclass, oid FROM pg_operator
        UNION ALL
        SELECT 'type', oid::regtype::text, 'pg_type'::regclass, oid FROM pg_type
        WHERE typtype <> 'c' AND typelem = 0 AND typnamespace::regnamespace::text !~ '^pg_t'
    ) AS made (kind, name, class, oid)
    WHERE oid >= 16384 AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = made.class AND d.objid = made.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'setting', CASE WHEN setrole = 0 THEN 'database' ELSE pg_get_userbyid(setrole) END, setting
    FROM pg_db_role_setting, unnest(setconfig) AS setting
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND (setrole = 0 OR pg_get_userbyid(setrole) ~ '^jejak_')
        AND split_part(setting, '=', 1) IN ('local_preload_libraries', 'role', 'row_security',
            'search_path', 'session_preload_libraries', 'session_replication_role',
            'synchronous_commit')
    UNION ALL
    SELECT 'role', rolname,
        concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' ELSE 'no login' END,
            CASE WHEN rolinherit THEN 'inherit' ELSE 'no inherit' END,
            CASE WHEN rolsuper THEN 'SUPERUSER' END,
            CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
            CASE WHEN rolcreatedb THEN 'CREATEDB' END,
            CASE WHEN rolreplication THEN 'REPLICATION' END,
            CASE WHEN rolbypassrls THEN 'BYPASSRLS' END)
    FROM pg_roles WHERE rolname ~ '^jejak_'
    UNION ALL
    SELECT 'member', member.rolname || ' of ' || role.rolname,
        CASE WHEN admin_option THEN 'with admin option' ELSE '' END
    FROM pg_auth_members
        JOIN pg_roles member ON member.oid = pg_auth_members.member
        JOIN pg_roles role ON role.oid = roleid
    WHERE member.rolname ~ '^jejak_' OR role.rolname ~ '^jejak_'
        OR role.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_maintain')
    UNION ALL
    SELECT 'grant', what,
        string_agg(may, ' ' ORDER BY may) || ' to '
        || CASE WHEN grantee = 0 THEN 'public' ELSE pg_get_userbyid(grantee) END
    FROM rights GROUP BY what, grantee
)
SELECT kind, name::text, btrim(regexp_replace(says, '\s+', ' ', 'g')) FROM said
