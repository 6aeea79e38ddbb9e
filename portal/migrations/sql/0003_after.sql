-- Triggers, policies and grants of the third migration. Frozen once released.

-- What was issued never changes. It may be erased: words and bytes go, their hashes stay.
create function document_made_once() returns trigger language plpgsql as $$ begin
  if old.state <> 'asked' and not (
      (new.paper is null or new.paper = old.paper) and (new.pdf is null or new.pdf = old.pdf)
      and (to_jsonb(new) - 'paper' - 'pdf') = (to_jsonb(old) - 'paper' - 'pdf'))
  then raise exception 'document % was made', old.id using errcode = 'restrict_violation'; end if;
  if old.paper is not null and new.paper is distinct from old.paper and old.state = 'asked'
  then raise exception 'the paper of document % is written', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger made_once before update on document for each row execute function document_made_once();
create trigger append_only before delete or truncate on document for each statement execute function refuse_change();
alter table document alter column pdf set storage external;   -- a PDF is compressed already

do $$ declare t text; begin
  foreach t in array array['document','document_batch','consent'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
  end loop; end $$;
grant update (state, tries, lease_until, paper, paper_sha, set_by, issued_at, pdf, pdf_sha, size, why) on document to evenly_act;
grant update (asked_by) on document_batch to evenly_act;   -- a row lock needs UPDATE on some column

-- A yes is kept as it was given; its words and its origin may be erased.
create function consent_only_erased() returns trigger language plpgsql as $$ begin
  if new.words is not null and new.words is distinct from old.words or new.origin is not null and new.origin is distinct from old.origin
    or (to_jsonb(new) - 'words' - 'origin') <> (to_jsonb(old) - 'words' - 'origin')
  then raise exception 'consent % was given', old.id using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_erased before update on consent for each row execute function consent_only_erased();
create trigger append_only before delete or truncate on consent for each statement execute function refuse_change();
grant update (words, origin) on consent to evenly_act;

-- Debtors: their own letters, and what they agreed to.
grant select on document, consent to evenly_debtor;
create policy debtor on consent for select to evenly_debtor using (person_id = any (asking_people()));
create policy debtor on document for select to evenly_debtor using (person_id = any (asking_people()));
