-- Triggers, policies and grants of the mail migration. Frozen once released.

-- A correction of how somebody wants to be reached is a new row; the old one gets one stamp.
create trigger stamp before insert on preference for each row when (new.replaces is not null) execute function stamp_replaced();
create trigger only_stamp before update on preference for each row execute function only_stamp();
create trigger append_only before delete or truncate on preference for each statement execute function refuse_change();

alter table preference enable row level security;
alter table preference force row level security;
create policy act on preference to evenly_act using (true) with check (true);
grant select, insert on preference to evenly_act;
grant update (replaced_at) on preference to evenly_act;
create policy staff on preference for select to evenly_staff using (true);
grant select on preference to evenly_staff;
create policy debtor on preference for select to evenly_debtor using (person_id = any (asking_people()));
grant select on preference to evenly_debtor;

-- Which channel a message takes is decided when it is claimed.
grant update (channel) on message to evenly_act;
