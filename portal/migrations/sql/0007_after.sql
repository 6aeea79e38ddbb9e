-- Triggers, policies and grants of the seventh migration. Frozen once released.

do $$ declare t text; begin
  foreach t in array array['statement_of_affairs','affairs_answer'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
  end loop; end $$;

-- A version never changes, but its answers may be erased, the salt of their proof first; a draft is saved again and
-- again, finished or forgotten once, and its row stays.
create function affairs_finished_once() returns trigger language plpgsql as $$ begin
  if old.finished_at is not null and new.salt is null and (to_jsonb(new) - 'salt') = (to_jsonb(old) - 'salt') then return new; end if;
  if old.finished_at is not null or old.forgotten_at is not null
    or (to_jsonb(new) - 'saved_at' - 'version' - 'finished_by' - 'finished_at' - 'salt' - 'forgotten_at')
      <> (to_jsonb(old) - 'saved_at' - 'version' - 'finished_by' - 'finished_at' - 'salt' - 'forgotten_at')
  then raise exception 'statement of affairs % stands', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger finished_once before update on statement_of_affairs for each row execute function affairs_finished_once();
create trigger append_only before delete or truncate on statement_of_affairs for each statement execute function refuse_change();
grant update (saved_at, version, finished_by, finished_at, salt, forgotten_at) on statement_of_affairs to evenly_act;
create function affairs_answer_of_a_draft() returns trigger language plpgsql as $$ begin
  if exists (select from statement_of_affairs s where s.finished_at is not null and (tg_op = 'INSERT' or s.salt is not null)
             and s.id = case when tg_op = 'DELETE' then old.statement_id else new.statement_id end)
  then raise exception 'the answers of a finished statement stand' using errcode = 'restrict_violation'; end if;
  return case when tg_op = 'DELETE' then old else new end; end $$;
create trigger of_a_draft before insert or delete on affairs_answer for each row execute function affairs_answer_of_a_draft();
create trigger never_updated before update or truncate on affairs_answer for each statement execute function refuse_change();
grant delete on affairs_answer to evenly_act;

-- Debtors: their own life, and nobody else's, whatever they owe together.
grant select on statement_of_affairs, affairs_answer to evenly_debtor;
create policy debtor on statement_of_affairs for select to evenly_debtor using (person_id = any (asking_people()));
create policy debtor on affairs_answer for select to evenly_debtor using (statement_id = any (array(select s.id from statement_of_affairs s)));

-- How a proposal was judged, once: what it tells of somebody's means may be erased, what came of it stays. And the limits, facts with corrections. What a creditor accepts is no secret to whoever owes it.
do $$ declare t text; begin
  foreach t in array array['assessment','plan_limits'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop; end $$;
create function assessment_only_erased() returns trigger language plpgsql as $$ begin
  if num_nonnulls(new.statement_id, new.verdict, new.available) > 0 or cardinality(new.reasons) > 0
    or (to_jsonb(new) - 'statement_id' - 'verdict' - 'available' - 'reasons') <> (to_jsonb(old) - 'statement_id' - 'verdict' - 'available' - 'reasons')
  then raise exception 'assessment of proposal % was made', old.proposal_id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_erased before update on assessment for each row execute function assessment_only_erased();
grant update (statement_id, verdict, available, reasons) on assessment to evenly_act;
create trigger stamp before insert on plan_limits for each row when (new.replaces is not null) execute function stamp_replaced();
create trigger only_stamp before update on plan_limits for each row execute function only_stamp();
grant update (replaced_at) on plan_limits to evenly_act;
grant select on assessment, plan_limits to evenly_debtor;
create policy debtor on assessment for select to evenly_debtor using (person_id = any (asking_people()));
create policy debtor on plan_limits for select to evenly_debtor using (creditor_id = any (array(select c.id from creditor c)));
