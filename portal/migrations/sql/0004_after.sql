-- Triggers, policies and grants of the fourth migration. Frozen once released.

do $$ declare t text; begin
  foreach t in array array['hold','hold_account','hold_term','dispute'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop; end $$;

-- A hold stays as it was placed; its words may be erased. Until when it stands is a fact with corrections.
create function hold_only_erased() returns trigger language plpgsql as $$ begin
  if new.reason is not null and new.reason is distinct from old.reason or new.evidence is not null and new.evidence is distinct from old.evidence
    or new.salt is not null and new.salt is distinct from old.salt
    or (to_jsonb(new) - 'reason' - 'evidence' - 'salt') <> (to_jsonb(old) - 'reason' - 'evidence' - 'salt')
  then raise exception 'hold % was placed', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_erased before update on hold for each row execute function hold_only_erased();
grant update (reason, evidence, salt) on hold to evenly_act;
create trigger never_updated before update on hold_account for each statement execute function refuse_change();
create trigger stamp before insert on hold_term for each row when (new.replaces is not null) execute function stamp_replaced();
create trigger only_stamp before update on hold_term for each row execute function only_stamp();
grant update (replaced_at) on hold_term to evenly_act;

-- What was disputed stays; it is answered once, and its words may be erased.
create function dispute_answered_once() returns trigger language plpgsql as $$ begin
  if (to_jsonb(new) - 'note' - 'note_salt' - 'answer' - 'words' - 'words_salt' - 'answered_by' - 'answered_at')
      <> (to_jsonb(old) - 'note' - 'note_salt' - 'answer' - 'words' - 'words_salt' - 'answered_by' - 'answered_at')
    or new.note is not null and new.note is distinct from old.note
    or old.answered_at is not null and (new.answer, new.answered_by, new.answered_at) is distinct from (old.answer, old.answered_by, old.answered_at)
    or old.answered_at is not null and new.words is not null and new.words is distinct from old.words
  then raise exception 'dispute % was made', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger answered_once before update on dispute for each row execute function dispute_answered_once();
grant update (note, note_salt, answer, words, words_salt, answered_by, answered_at) on dispute to evenly_act;

-- Debtors: that a debt of theirs is held, from when and until when, and their own disputes. Why is not for those who owe it together.
grant select (id, stops, starts_on) on hold to evenly_debtor;
grant select on hold_account, dispute to evenly_debtor;
grant select (hold_id, last_on, review_on, replaced_at) on hold_term to evenly_debtor;
create policy debtor on hold_account for select to evenly_debtor using (account_id = any (array(select l.account_id from liability l)));
create policy debtor on hold for select to evenly_debtor using (id = any (array(select k.hold_id from hold_account k)));
create policy debtor on hold_term for select to evenly_debtor using (hold_id = any (array(select k.hold_id from hold_account k)));
create policy debtor on dispute for select to evenly_debtor using (person_id = any (asking_people()));
