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
  foreach t in array array['document','document_batch'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create policy staff on %1$I for select to evenly_staff using (true); grant select on %1$I to evenly_staff', t);
  end loop; end $$;
grant update (state, tries, lease_until, paper, paper_sha, set_by, issued_at, pdf, pdf_sha, size, why) on document to evenly_act;
grant update (asked_by) on document_batch to evenly_act;   -- a row lock needs UPDATE on some column

-- Debtors: their own letters.
grant select on document to evenly_debtor;
create policy debtor on document for select to evenly_debtor using (person_id = any (asking_people()));
