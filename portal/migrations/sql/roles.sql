do $$ declare r text; can text; begin
  perform pg_advisory_xact_lock(82011);
  foreach r in array array['owner','debtor','creditor','partner','staff','act','finder'] loop
    if not exists (select from pg_roles where rolname = 'evenly_' || r) then
      execute format('create role %I nologin noinherit nobypassrls', 'evenly_' || r);
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'evenly_app') then
    create role evenly_app login noinherit nobypassrls;                     -- before any grant: else it goes on inheriting
  end if;
  can := case when current_setting('server_version_num')::int >= 160000 then ' with inherit false, set true' else '' end;
  foreach r in array array['debtor','creditor','partner','staff','act'] loop
    execute format('grant %I to evenly_app', 'evenly_' || r) || can;
  end loop;
  execute 'grant evenly_finder to evenly_owner' || can;
  -- Readiness asks how long the oldest transaction is open; without this it would see no one's start but its own.
  begin
    if current_setting('server_version_num')::int >= 160000 then
      execute 'grant pg_read_all_stats to evenly_act with inherit true';
    else
      alter role evenly_act inherit;
      grant pg_read_all_stats to evenly_act;
    end if;
  exception when insufficient_privilege then
    raise notice 'evenly_act may not read pg_stat_activity: ask an administrator to grant it pg_read_all_stats';
  end;
end $$;
alter role evenly_app set idle_in_transaction_session_timeout = '60s';
