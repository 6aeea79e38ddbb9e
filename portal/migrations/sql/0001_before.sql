-- Functions that tables and rules of the first migration stand on. Frozen once released.
create function history_base() returns bigint immutable parallel safe return 0::bigint;          -- only `migrate` replaces it
create function history_tx() returns bigint volatile return pg_current_xact_id()::text::bigint + history_base();
create function history_horizon() returns bigint stable parallel safe return pg_snapshot_xmin(pg_current_snapshot())::text::bigint + history_base();
create function asker(name text) returns bigint stable parallel safe return nullif(current_setting('evenly.' || name, true), '')::bigint;
create function asking_people() returns bigint[] stable parallel safe return coalesce(nullif(current_setting('evenly.people', true), ''), '{}')::bigint[];

-- Names, references and postcodes for comparing: the same rules stand in cases/people/person.py and cases/debts/account.py.
create function norm_ref(written text) returns text immutable parallel safe return upper(regexp_replace(normalize(written, NFKC), '[^0-9A-Za-z]', '', 'g'));
create function norm_postcode(written text) returns text immutable parallel safe return upper(regexp_replace(normalize(written, NFKC), '[^0-9A-Za-z]', '', 'g'));
create function norm_name(written text) returns text immutable parallel safe
  return trim(regexp_replace(regexp_replace(normalize(
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(written), 'ß', 'ss'), 'ø', 'o'), 'ł', 'l'), 'đ', 'd'), 'ð', 'd'), 'þ', 'th'), 'æ', 'ae'), 'œ', 'oe'), 'ı', 'i'),
    NFKD), '[\u0300-\u036f]', '', 'g'), '[^[:alnum:]]+', ' ', 'g'));
