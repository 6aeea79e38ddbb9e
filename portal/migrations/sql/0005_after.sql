-- Triggers, policies and grants of the fifth migration. Frozen once released.

do $$ declare t text; begin
  foreach t in array array['support_need','support_reason'] loop
    execute format('alter table %1$I enable row level security; alter table %1$I force row level security', t);
    execute format('create policy act on %1$I to evenly_act using (true) with check (true); grant select, insert on %1$I to evenly_act', t);
    execute format('create trigger append_only before delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop; end $$;

-- A need is a fact with corrections. Why stands apart: no role but the acting one reads it, and it may only be erased, or sealed anew by a newer key.
create policy staff on support_need for select to evenly_staff using (true);
grant select on support_need to evenly_staff;
create trigger stamp before insert on support_need for each row when (new.replaces is not null) execute function stamp_replaced();
create trigger only_stamp before update on support_need for each row execute function only_stamp();
grant update (replaced_at) on support_need to evenly_act;
create function support_reason_only_sealed() returns trigger language plpgsql as $$ begin
  if old.sealed is null or (to_jsonb(new) - 'sealed' - 'salt') <> (to_jsonb(old) - 'sealed' - 'salt') or new.salt is not null and new.salt <> old.salt
  then raise exception 'support_reason is append-only' using errcode = 'restrict_violation'; end if;
  return new; end $$;
create trigger only_sealed before update on support_reason for each row execute function support_reason_only_sealed();
grant update (sealed, salt) on support_reason to evenly_act;

-- Debtors: what they told us that they need.
grant select on support_need to evenly_debtor;
create policy debtor on support_need for select to evenly_debtor using (person_id = any (asking_people()));
