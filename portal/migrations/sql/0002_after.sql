-- Defaults, triggers, policies and grants of the second migration. Frozen once released.
alter table day_run alter column tx set default history_tx();

do $$ declare t text; begin
  foreach t in array array['payment_attempt','payment_share','payment_named','payment_event','day_run','stuck','pace'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    if t <> 'payment_event' then
      execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
    end if;
  end loop;
  foreach t in array array['payment_share','payment_named'] loop
    execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

grant update (state, expires_real, look_real, looks, provider, session_id, url, intent, declined, declined_real, paid_at, booked_at, ended_at, value_date, reference,
  taken_back_at, reason, words, words_salt) on payment_attempt to evenly_act;
grant update (raw, attempt_id, look_real, applied_at, result) on payment_event to evenly_act;
grant update (after, looked, changed, heartbeat_at, finished_at) on day_run to evenly_act;
grant update (day, cleared_at) on stuck to evenly_act;
grant update (next_at) on pace to evenly_act;
grant update (judged_on, counted_on, missed, next_change) on arrangement to evenly_act;

-- Debtors: their own attempts; which plan a payment on their accounts was named for.
grant select on payment_attempt, payment_share, payment_named to evenly_debtor;
create policy debtor on payment_attempt for select to evenly_debtor using (person_id = any (asking_people()));
create policy debtor on payment_share for select to evenly_debtor using (attempt_id = any (array(select a.id from payment_attempt a)));   -- attempt's own policy narrows it
create policy debtor on payment_named for select to evenly_debtor using (payment_id = any (array(select p.id from payment p)));

-- Creditors: what is meant for them; never the whole attempt, which may hold another's share.
grant select on payment_share, payment_named to evenly_creditor;
create policy creditor on payment_share for select to evenly_creditor using (creditor_id = (select asker('creditor')));
create policy creditor on payment_named for select to evenly_creditor using (creditor_id = (select asker('creditor')));

-- A correction is known no earlier than what it corrects. Two machines' clocks differ by a moment, and who waits for a
-- lock has read the clock before: neither may break an act.
create or replace function stamp_replaced() returns trigger language plpgsql as $$ declare known timestamptz; begin
  execute format('update %I set replaced_at = greatest($1, recorded_at) where id = $2 and replaced_at is null returning replaced_at', tg_table_name)
    into known using new.recorded_at, new.replaces;
  new.recorded_at := greatest(new.recorded_at, known); return new; end $$;
