-- Triggers, policies and grants of the eighth migration. Frozen once released.

do $$ declare t text; begin
  foreach t in array array['note','diary_entry'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop; end $$;

-- What was written and what was met stay; their words may be erased, each with its salt. Neither is shown to debtors.
create function note_only_erased() returns trigger language plpgsql as $$ begin
  if new.words is not null or (to_jsonb(new) - 'words' - 'salt') <> (to_jsonb(old) - 'words' - 'salt')
  then raise exception 'note % was written', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_erased before update on note for each row execute function note_only_erased();
grant update (words, salt) on note to evenly_act;
create function diary_entry_only_erased() returns trigger language plpgsql as $$ begin
  if new.note is not null and (new.note, new.note_salt) is distinct from (old.note, old.note_salt)
    or new.reason is not null and (new.reason, new.reason_salt) is distinct from (old.reason, old.reason_salt)
    or (to_jsonb(new) - 'note' - 'note_salt' - 'reason' - 'reason_salt') <> (to_jsonb(old) - 'note' - 'note_salt' - 'reason' - 'reason_salt')
  then raise exception 'diary entry % was made', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_erased before update on diary_entry for each row execute function diary_entry_only_erased();
grant update (note, note_salt, reason, reason_salt) on diary_entry to evenly_act;
