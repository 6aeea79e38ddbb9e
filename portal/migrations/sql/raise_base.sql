-- After a restore transaction numbers start low again. Numbers of lines are the cluster's plus a base;
-- the base is raised here, once, above everything written before.
lock table history, seal, entry, payment in access exclusive mode;
-- The owner, too, sees no row under FORCE; it is lifted while nobody else can look, and stands again at commit.
alter table history no force row level security;
alter table seal no force row level security;
alter table entry no force row level security;
alter table payment no force row level security;
do $$ declare top bigint; begin
  select greatest((select max(to_tx) from seal), (select max(tx) from history), (select max(tx) from entry), (select max(tx) from payment)) into top;
  if top is not null and pg_current_xact_id()::text::bigint + history_base() <= top then
    execute format('create or replace function history_base() returns bigint immutable parallel safe return %s::bigint',
                   top + 1 - pg_current_xact_id()::text::bigint);
  end if;
end $$;
alter table history force row level security;
alter table seal force row level security;
alter table entry force row level security;
alter table payment force row level security;
