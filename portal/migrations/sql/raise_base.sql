-- After a restore transaction numbers start low again. Numbers of lines are the cluster's plus a base;
-- the base is raised here, once, above everything written before.
lock table history, seal in access exclusive mode;
do $$ declare top bigint; begin
  select greatest((select max(to_tx) from seal), (select max(tx) from history)) into top;
  if top is not null and pg_current_xact_id()::text::bigint + history_base() <= top then
    execute format('create or replace function history_base() returns bigint immutable parallel safe return %s::bigint',
                   top + 1 - pg_current_xact_id()::text::bigint);
  end if;
end $$;
