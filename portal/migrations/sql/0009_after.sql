-- Triggers, policies and grants of the ninth migration. Frozen once released.

alter table plan_interest enable row level security;
alter table plan_interest force row level security;
create policy act on plan_interest to evenly_act using (true) with check (true);
grant select, insert on plan_interest to evenly_act;
create policy staff on plan_interest for select to evenly_staff using (true);
grant select on plan_interest to evenly_staff;
create policy debtor on plan_interest for select to evenly_debtor using (account_id = any (array(select l.account_id from liability l)));
grant select on plan_interest to evenly_debtor;
create trigger append_only before update or delete or truncate on plan_interest for each statement execute function refuse_change();

-- What was agreed stays; when the next part is posted moves on.
grant update (interest_next) on arrangement_account to evenly_act;
