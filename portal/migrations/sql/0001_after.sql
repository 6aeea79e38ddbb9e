-- Triggers, leaves, policies and grants of the first migration. Frozen once released.
alter table history alter column tx set default history_tx();
alter table history alter column facts set default '{}';
alter table history alter column salt set default gen_random_uuid();
alter table entry alter column tx set default history_tx();
alter table payment alter column tx set default history_tx();
alter table arrangement alter column tx set default history_tx();
alter table seal alter column sealed_at set default clock_timestamp();

create function history_facts_sha(salt uuid, facts json) returns bytea immutable parallel safe
  return sha256(uuid_send(salt) || convert_to(facts::text, 'UTF8'));
create function history_leaf(h history) returns bytea stable parallel safe return sha256(convert_to(
  '1|' || h.id || '|' || h.tx || '|' || (extract(epoch from h.at) * 1000000)::bigint || '|' || h.kind || '|' || h.actor || '|' || coalesce(h.creditor_id::text, '')
  || '|' || coalesce(h.person_id::text, '') || '|' || coalesce(h.account_id::text, '') || '|' || coalesce(h.subject, '')
  || '|' || encode(coalesce(h.facts_sha, history_facts_sha(h.salt, h.facts)), 'hex'), 'UTF8'));
create function entry_leaf(e entry) returns bytea stable parallel safe return sha256(convert_to(
  '1|' || e.id || '|' || e.tx || '|' || e.creditor_id || '|' || e.account_id || '|' || e.currency || '|' || e.kind || '|' || e.component || '|' || e.book
  || '|' || e.amount || '|' || (e.value_date - date '1970-01-01') || '|' || coalesce((e.due_on - date '1970-01-01')::text, '')
  || '|' || (extract(epoch from e.recorded_at) * 1000000)::bigint || '|' || coalesce(e.payment_id::text, '') || '|' || coalesce(e.reverses::text, '') || '|' || e.key, 'UTF8'));
create function payment_leaf(p payment) returns bytea stable parallel safe return sha256(convert_to(
  '1|' || p.id || '|' || p.tx || '|' || p.creditor_id || '|' || p.currency || '|' || p.amount || '|' || (p.value_date - date '1970-01-01')
  || '|' || (extract(epoch from p.recorded_at) * 1000000)::bigint || '|' || coalesce(p.returns::text, '') || '|' || p.key, 'UTF8'));

create function refuse_change() returns trigger language plpgsql as $$ begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;
create function history_only_redact() returns trigger language plpgsql as $$ begin
  if old.facts is not null and new.facts is null and new.salt is null and new.facts_sha = history_facts_sha(old.salt, old.facts)
     and (new.id, new.tx, new.at, new.kind, new.actor) = (old.id, old.tx, old.at, old.kind, old.actor)
     and (new.creditor_id, new.person_id, new.account_id, new.subject) is not distinct from (old.creditor_id, old.person_id, old.account_id, old.subject)
  then return new; end if;
  raise exception 'history is append-only' using errcode = 'restrict_violation'; end $$;
create function history_in_order() returns trigger language plpgsql as $$ begin
  if exists (select from seal where to_tx > history_tx()) then
    raise exception 'transaction numbers lie below the last seal: run evenly migrate' using errcode = 'object_not_in_prerequisite_state';
  end if; return null; end $$;
-- Its owner, too, sees no row under FORCE: the policy `redact` opens this table to it inside this function alone.
create function history_redact(line bigint, by_actor text, moment timestamptz) returns void language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform set_config('evenly.redacting', 'on', true);
  update history set facts = null, salt = null, facts_sha = history_facts_sha(salt, facts) where id = line and facts is not null;
  if not found then raise exception 'no such line to redact: %', line; end if;
  insert into history (at, kind, actor, subject, facts) values (moment, 'history.redacted', by_actor, 'history:' || line, json_build_object('line', line));
  perform set_config('evenly.redacting', '', true); end $$;
revoke execute on function history_redact from public;
create trigger append_only before delete or truncate on history for each statement execute function refuse_change();
create trigger only_redact before update on history for each row execute function history_only_redact();
create trigger in_order before insert on history for each statement execute function history_in_order();

create function entry_mirror() returns trigger language plpgsql as $$ begin
  perform from entry o where o.id = new.reverses and o.reverses is null and o.amount = -new.amount and new.value_date >= o.value_date
    and (o.account_id, o.component, o.book, o.kind) = (new.account_id, new.component, new.book, new.kind) and o.due_on is not distinct from new.due_on;
  if not found then raise exception 'a reversal mirrors its entry' using errcode = 'check_violation'; end if; return null; end $$;
create trigger mirror after insert on entry for each row when (new.reverses is not null) execute function entry_mirror();

create function stamp_replaced() returns trigger language plpgsql as $$ begin
  execute format('update %I set replaced_at = $1 where id = $2 and replaced_at is null', tg_table_name) using new.recorded_at, new.replaces; return new; end $$;
create function only_stamp() returns trigger language plpgsql as $$ begin
  if old.replaced_at is null and new.replaced_at is not null and (to_jsonb(new) - 'replaced_at') = (to_jsonb(old) - 'replaced_at') then return new; end if;
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;

do $$ declare t text; begin
  foreach t in array array['seal','entry','payment','permission','instalment','instalment_share','proposal_account','reason','batch'] loop
    execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop;
  -- facts: a correction is a new row, the old one gets one stamp
  foreach t in array array['account_terms','due','announced','joined','liability'] loop
    execute format('create trigger stamp before insert on %I for each row when (new.replaces is not null) execute function stamp_replaced()', t);
    execute format('create trigger only_stamp before update on %I for each row execute function only_stamp()', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop;
  -- facts with personal data: the same, and they may be erased by the owner alone (no role has the grant)
  foreach t in array array['record','contact'] loop
    execute format('create trigger stamp before insert on %I for each row when (new.replaces is not null) execute function stamp_replaced()', t);
    execute format('create trigger only_stamp before update on %I for each row execute function only_stamp()', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

-- Row-level security. Every table of the schema but alembic's own: forced, the acting role all, staff read all but secrets.
grant usage on schema public to evenly_finder, evenly_debtor, evenly_creditor, evenly_partner, evenly_staff, evenly_act;
do $$ declare t text; begin
  for t in select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version' order by 1 loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    if t not in ('visit','code_request','knock','staff','carrier_event') then
      execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
    end if;
  end loop;
end $$;
create policy redact on history to evenly_owner using (current_setting('evenly.redacting', true) = 'on') with check (current_setting('evenly.redacting', true) = 'on');
grant execute on function history_redact to evenly_act;
grant select on alembic_version to evenly_app, evenly_act;
revoke insert on history from evenly_act;
grant insert (at, kind, actor, creditor_id, person_id, account_id, subject, facts) on history to evenly_act;   -- nobody states id or tx
create policy staff on staff for select to evenly_staff using (true);
grant select (id, mail, name, role, creditor_id, disabled_at) on staff to evenly_staff;

-- What the acting role may change. A row lock, too, needs UPDATE on some column.
do $$ declare t text; begin
  foreach t in array array['account_terms','due','announced','joined','liability','record','contact'] loop
    execute format('grant update (replaced_at) on %I to evenly_act', t); end loop; end $$;
grant update (name, language, reminds_contractual, fees) on creditor to evenly_act;
grant update (name, name_norm, language, country, organisation) on person to evenly_act;
grant update (recorded_at) on payment, entry, account to evenly_act;                    -- for locks alone: triggers refuse a change
create trigger append_only before update or delete or truncate on account for each statement execute function refuse_change();
grant update, delete on position to evenly_act;
grant update (state, decided_by, decided_at, note, note_salt, reason, answer, answer_salt) on proposal to evenly_act;
grant update (state, ended_at) on arrangement to evenly_act;
grant update (ended_at) on arrangement_account to evenly_act;
grant update (urgency, answer_by, not_before, taken_by, taken_until, given_to, done_at, done_by) on work_item to evenly_act;
grant update (state, attempt, lease_until, provider, provider_id, contact_id, language, body, body_salt, why, why_facts, error_code, not_before, not_after, sent_at, settled_at) on message to evenly_act;
grant usage on sequence message_id_seq to evenly_act;                                    -- planned by INSERT … SELECT, which names its ids
grant update (ended_at, outcome, provider_id, detail) on attempt to evenly_act;
grant update (raw, applied_at, result) on carrier_event to evenly_act;
grant update (words, salt, read_at) on said to evenly_act;
grant update (tx) on notice_cursor to evenly_act;
grant update (name, role, creditor_id, password, totp, totp_step, disabled_at) on staff to evenly_act;
grant update (seen_at, ended_at) on visit to evenly_act;
grant update (contact_id, code, made_at, tries, used_at, message_id) on code_request to evenly_act;
grant delete on knock, visit, code_request to evenly_act;                               -- what is older than its limit goes

-- Debtors: their own, and what they owe together with others; never the other's.
grant select (id, channel, address, allowed) on permission to evenly_debtor;
grant select on person, record, contact, liability, account, account_terms, creditor, due, entry, announced, proposal, proposal_account,
  arrangement, arrangement_account, instalment, instalment_share, said to evenly_debtor;
grant select (id, creditor_id, currency, value_date, recorded_at, tx, returns) on payment to evenly_debtor;   -- its sum may hold another's share
create policy debtor on person for select to evenly_debtor using (id = any (asking_people()));
do $$ declare t text; begin
  foreach t in array array['record','contact','proposal','said'] loop
    execute format('create policy debtor on %I for select to evenly_debtor using (person_id = any (asking_people()))', t); end loop;
end $$;
create policy debtor on permission for select to evenly_debtor using (address = any (array(select c.value_norm from contact c)));   -- contact's own policy narrows it
create policy debtor on liability for select to evenly_debtor using (person_id = any (asking_people()) and replaced_at is null and not withdrawn);
create policy debtor on account for select to evenly_debtor using (id = any (array(select l.account_id from liability l)));   -- liability's own policy narrows it
do $$ declare t text; begin
  foreach t in array array['account_terms','due','entry','announced','arrangement_account','instalment_share'] loop
    execute format('create policy debtor on %I for select to evenly_debtor using (account_id = any (array(select l.account_id from liability l)))', t); end loop;
end $$;
create policy debtor on payment for select to evenly_debtor using (id = any (array(select e.payment_id from entry e where e.payment_id is not null)));
create policy debtor on creditor for select to evenly_debtor using (id = any (array(select l.creditor_id from liability l)));
create policy debtor on proposal_account for select to evenly_debtor using (proposal_id = any (array(select p.id from proposal p)));
create policy debtor on arrangement for select to evenly_debtor using (id = any (array(select a.arrangement_id from arrangement_account a)));
create policy debtor on instalment for select to evenly_debtor using (id = any (array(select s.instalment_id from instalment_share s)));

-- Creditors: their own accounts and what they themselves supplied.
grant select on creditor, account, account_terms, liability, due, entry, payment, announced, position, record, batch to evenly_creditor;
create policy creditor on creditor for select to evenly_creditor using (id = (select asker('creditor')));
do $$ declare t text; begin
  foreach t in array array['account','account_terms','liability','due','entry','payment','announced','position','record','batch'] loop
    execute format('create policy creditor on %I for select to evenly_creditor using (creditor_id = (select asker(''creditor'')))', t); end loop;
end $$;

-- Who wants to sign in: by any account reference or the case reference, with date of birth and postcode.
grant select (id, case_ref) on person to evenly_finder;
grant select (person_id, born, postcode_norm, replaced_at) on record to evenly_finder;
grant select (id, ref_norm) on account to evenly_finder;
grant select (person_id, account_id, replaced_at, withdrawn) on liability to evenly_finder;
grant select (person_id, into_id, replaced_at, parted) on joined to evenly_finder;
do $$ declare t text; begin
  foreach t in array array['person','record','account','liability','joined'] loop
    execute format('create policy finder on %I for select to evenly_finder using (true)', t); end loop; end $$;
create function sign_in_find(given_ref text, birth date, code text) returns setof bigint language sql stable security definer set search_path = public, pg_temp
begin atomic
  select distinct coalesce(j.into_id, f.person_id) from (
      select l.person_id from account a join liability l on l.account_id = a.id where a.ref_norm = given_ref and l.replaced_at is null and not l.withdrawn
      union select coalesce(c.into_id, p.id) from person p left join joined c on c.person_id = p.id and c.replaced_at is null and not c.parted where p.case_ref = given_ref) f
    left join joined j on j.person_id = f.person_id and j.replaced_at is null and not j.parted
    where exists (select from record r left join joined k on k.person_id = r.person_id and k.replaced_at is null and not k.parted
                  where r.replaced_at is null and r.born = birth and r.postcode_norm = code
                    and (r.person_id = f.person_id or k.into_id = coalesce(j.into_id, f.person_id)));
end;
revoke execute on function sign_in_find from public;
grant execute on function sign_in_find to evenly_app;                                   -- before the owner changes
grant create on schema public to evenly_finder;
alter function sign_in_find owner to evenly_finder;
revoke create on schema public from evenly_finder;
